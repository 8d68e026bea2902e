"""The functions of a drill: code of their own, and a role for each, so that none may do what is another's."""

from collections.abc import Callable, Mapping

from aws_cdk import Duration, Stack
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import Architecture, Code, Function, Runtime
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.drill_permissions import DrillPermissions, give
from stacks.constructs.logs import log_group
from stacks.drill_settings import drill_settings

#: As localstack/drills/on_aws/deployed.py reads it.
VARIABLE = "ANTIPODE_DRILLS"
#: A function may run no longer, and a drill has to fit into it.
PLAY_SECONDS = 900
#: As long as localstack/drills/on_aws/desk.py reckons with.
CHANGE_SECONDS = 120

Row = tuple[str, str, int, int, Callable[[DrillPermissions], list[PolicyStatement]]]
#: Name, entry point, seconds, MB, statements.
TASKS: tuple[Row, ...] = (
    ("prepare", "prepare", 120, 512, DrillPermissions.of_prepare),
    ("play", "play", PLAY_SECONDS, 1024, DrillPermissions.of_play),
    ("break", "break_", CHANGE_SECONDS, 512, DrillPermissions.of_break),
    ("restore", "restore", 300, 512, DrillPermissions.of_restore),
    ("watch", "watch", 300, 512, DrillPermissions.of_restore),
    ("guard", "guard", 30, 256, DrillPermissions.of_guard),
)


class DrillFunctions(Construct):
    """All of them, by their names."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(scope, name)
        stack = Stack.of(self)
        self._configuration = configuration
        self._region = region
        self._permissions = DrillPermissions(configuration, region, stack.account)
        self._settings = stack.to_json_string(drill_settings(configuration, region, stack.account))
        self._code = Code.from_asset(configuration.drill_bundle)
        self.each: Mapping[str, Function] = {row[0]: self._function(*row) for row in TASKS}

    def _function(
        self,
        task: str,
        entry_point: str,
        seconds: int,
        memory_mb: int,
        statements: Callable[[DrillPermissions], list[PolicyStatement]],
    ) -> Function:
        place = Construct(self, task.capitalize())
        name = f"{self._configuration.prefix}-drill-{task}"
        logs = log_group(place, "Logs", name=f"/aws/lambda/{name}", configuration=self._configuration)
        role = Role(
            place,
            "Role",
            role_name=f"{name}-{self._region}",
            assumed_by=ServicePrincipal("lambda.amazonaws.com"),
            description=f"Antipode: what `{task}` of a drill may do",
        )
        logs.grant_write(role)
        give(role, statements(self._permissions))
        function = Function(
            place,
            "Function",
            function_name=name,
            description=f"Antipode: `{task}` of a drill",
            runtime=Runtime.PYTHON_3_13,
            architecture=Architecture.ARM_64,
            handler=f"localstack.drills.on_aws.tasks.{entry_point}",
            code=self._code,
            memory_size=memory_mb,
            timeout=Duration.seconds(seconds),
            environment={VARIABLE: self._settings},
            log_group=logs,
            role=role,
        )
        acknowledge(function, "L1", "The same runtime as that of all functions: what the bundle is resolved for.")
        return function
