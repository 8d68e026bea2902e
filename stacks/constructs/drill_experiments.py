"""The experiments of FIS on what is in this Region, for drills that are played from the other.

One pauses replication; two, where drills may reach into functions, have invocations of the workers fail or begin late.
An experiment's stop conditions have to be alarms of the Region that it is started in: FIS takes others when a template
is made and refuses them when it is started. Each ends by itself: FIS writes its end beside what it does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aws_cdk import Aws, Stack
from aws_cdk.aws_fis import CfnExperimentTemplate
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from constructs import Construct

from stacks.catalog import function_named
from stacks.config import Configuration
from stacks.constructs.drill_permissions import give
from stacks.constructs.function import LIVE
from stacks.constructs.function_faults import FOLDER, REACHED, faults_bucket_arn
from stacks.naming import DRILL_TAG, FAULT_TAG
from stacks.sections import DrillSettings

PAUSE = "aws:dynamodb:global-table-pause-replication"
FAIL = "aws:lambda:invocation-error"
DELAY = "aws:lambda:invocation-add-delay"
#: This share of the invocations fails. What a worker had taken comes again, or is found by the sweeper.
FAILING_PERCENT = 50
DELAY_MILLISECONDS = 10_000
#: Alarms of the Region that is hit: it has to go on serving meanwhile.
STOP_ALARMS = ("api-server-errors", "heartbeat-missing")
#: It is stopped by the drill long before. A replica that is cut off for 20 hours would be one for ever.
LASTS_MINUTES = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class _Experiment:
    """What one does, to what."""

    name: str
    told: str
    action: str
    target_name: str
    target_type: str
    arns: tuple[str, ...]
    of_target: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


class DrillExperiments(Construct):
    """The templates, and a role of FIS for each kind of target."""

    def __init__(
        self, scope: Construct, name: str, *, configuration: Configuration, settings: DrillSettings, region: str
    ) -> None:
        super().__init__(scope, name)
        self._configuration = configuration
        self._region = region
        self._minutes = min(LASTS_MINUTES, settings.limit_minutes)
        table = f"arn:{Aws.PARTITION}:dynamodb:{region}:{Aws.ACCOUNT_ID}:table/{configuration.table_name}"
        pauses = _Experiment(
            name="pause-replication",
            told="replication of the state table is paused",
            action=PAUSE,
            target_name="Tables",
            target_type="aws:dynamodb:global-table",
            arns=(table,),
        )
        self._template("PausesReplication", pauses, self._role("Role", "", _on_table(table)))
        if settings.function_faults == "on":
            self._on_workers()

    def _on_workers(self) -> None:
        configuration, region = self._configuration, self._region
        names = [configuration.function_name(function_named(name)) for name in sorted(REACHED)]
        arns = tuple(f"arn:{Aws.PARTITION}:lambda:{region}:{Aws.ACCOUNT_ID}:function:{name}" for name in names)
        bucket = faults_bucket_arn(configuration, Stack.of(self).account, region)
        role = self._role("RoleOnWorkers", "-workers", _on_functions(arns, bucket))
        usual = {"target_name": "Functions", "target_type": "aws:lambda:function"}
        fails = _Experiment(
            name="fail-workers",
            told=f"{FAILING_PERCENT} % of the workers' invocations fail before they begin",
            action=FAIL,
            **usual,
            arns=arns,
            of_target={"functionQualifier": LIVE},
            parameters={"invocationPercentage": str(FAILING_PERCENT), "preventExecution": "true"},
        )
        delays = _Experiment(
            name="delay-workers",
            told=f"the workers' invocations begin {DELAY_MILLISECONDS} ms late",
            action=DELAY,
            **usual,
            arns=arns,
            of_target={"functionQualifier": LIVE},
            parameters={"invocationPercentage": "100", "startupDelayMilliseconds": str(DELAY_MILLISECONDS)},
        )
        self._template("FailsWorkers", fails, role)
        self._template("DelaysWorkers", delays, role)

    def _template(self, construct_id: str, experiment: _Experiment, role: Role) -> None:
        prefix = self._configuration.prefix
        alarms = f"arn:{Aws.PARTITION}:cloudwatch:{self._region}:{Aws.ACCOUNT_ID}:alarm:{prefix}-"
        CfnExperimentTemplate(
            self,
            construct_id,
            description=f"Antipode: {experiment.told}, for a drill",
            role_arn=role.role_arn,
            targets={
                "hit": CfnExperimentTemplate.ExperimentTemplateTargetProperty(
                    resource_type=experiment.target_type,
                    resource_arns=list(experiment.arns),
                    selection_mode="ALL",
                    parameters=dict(experiment.of_target) or None,
                )
            },
            actions={
                "break": CfnExperimentTemplate.ExperimentTemplateActionProperty(
                    action_id=experiment.action,
                    parameters={"duration": f"PT{self._minutes}M", **experiment.parameters},
                    targets={experiment.target_name: "hit"},
                )
            },
            stop_conditions=[
                CfnExperimentTemplate.ExperimentTemplateStopConditionProperty(
                    source="aws:cloudwatch:alarm", value=f"{alarms}{alarm}"
                )
                for alarm in STOP_ALARMS
            ],
            tags={DRILL_TAG: prefix, FAULT_TAG: experiment.name, "Name": f"{prefix}-{experiment.name}"},
        )

    def _role(self, construct_id: str, suffix: str, statements: Iterable[PolicyStatement]) -> Role:
        region = self._region
        role = Role(
            self,
            construct_id,
            role_name=f"{self._configuration.prefix}-drill-fis{suffix}-{region}",
            description="What an experiment of a drill may do",
            assumed_by=ServicePrincipal(
                "fis.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": f"arn:{Aws.PARTITION}:fis:{region}:{Aws.ACCOUNT_ID}:experiment/*"},
                },
            ),
        )
        give(role, [*statements, PolicyStatement(actions=["tag:GetResources"], resources=["*"])])
        return role


def _on_table(table: str) -> list[PolicyStatement]:
    policies = ("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy")
    return [
        PolicyStatement(
            actions=["dynamodb:DescribeTable", *(f"dynamodb:{action}" for action in policies)],
            resources=[table, f"{table}/stream/*"],
        )
    ]


def _on_functions(arns: Iterable[str], bucket: str) -> list[PolicyStatement]:
    """FIS reads in a function's settings where it has to write, and writes there."""
    return [
        PolicyStatement(actions=["lambda:GetFunction"], resources=list(arns)),
        PolicyStatement(actions=["s3:PutObject", "s3:DeleteObject"], resources=[f"{bucket}/{FOLDER}/*"]),
    ]
