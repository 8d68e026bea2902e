"""One function of the catalogue: code, role, log group, version, and the alias `live` that everything calls."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_lambda import Alias, Architecture, Code, Function, RecursiveLoop, Runtime, VersionOptions
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from stacks.capacity import JOBS_A_WORKER, reserved_concurrency
from stacks.catalog import EveryLane, FunctionRow
from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.function_faults import are_reached, let_faults_in
from stacks.constructs.lanes import Lanes
from stacks.constructs.logs import log_group
from stacks.constructs.permissions import Grants

LIVE = "live"
#: A batch of ten jobs waits for its models together, and ten is the most that SQS gives without a batching window.
BATCH_SIZE = JOBS_A_WORKER


class CatalogFunction(Construct):
    """A row of the catalogue, deployed. Callers use `live`, never the function itself."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        row: FunctionRow,
        configuration: Configuration,
        code: Code,
        settings: Mapping[str, str],
        grants: Grants,
    ) -> None:
        super().__init__(scope, name)
        self.row = row
        size = configuration.size_of(row)
        function_name = configuration.function_name(row)
        removal = RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY
        logs = log_group(self, "Logs", name=f"/aws/lambda/{function_name}", configuration=configuration)
        role = Role(self, "Role", assumed_by=ServicePrincipal("lambda.amazonaws.com"), description=row.description)
        logs.grant_write(role)
        grants.give(role, row.granted)
        self.function = Function(
            self,
            "Function",
            function_name=function_name,
            description=row.description,
            runtime=Runtime.PYTHON_3_13,
            architecture=Architecture.ARM_64,
            handler=row.entry_point,
            code=code,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.timeout_seconds),
            environment=dict(settings),
            log_group=logs,
            role=role,
            reserved_concurrent_executions=reserved_concurrency(configuration, row),
            # An older version must outlive the release that replaces it, or there is nothing to go back to.
            current_version_options=VersionOptions(removal_policy=removal),
            # A job that yields goes back on its lane, by design and with an end of its own (attempts, deadline). Lambda
            # would take that for a runaway loop and drop the message after 16 rounds.
            recursive_loop=RecursiveLoop.ALLOW if isinstance(row.trigger, EveryLane) else None,
        )
        if are_reached(configuration, row.name):
            let_faults_in(self.function, role, configuration)
        self.live = Alias(self, "Live", alias_name=LIVE, version=self.function.current_version)
        acknowledge(
            self.function,
            "L1",
            "Python 3.13 is what the bundle's wheels are resolved, compiled and tested for; it is a supported runtime.",
        )

    def read_dead_letters(self, lanes: Lanes) -> None:
        """Have the lanes' queues of dead letters call this function."""
        for lane in lanes.each:
            source = SqsEventSource(lane.dead_letters, batch_size=BATCH_SIZE, report_batch_item_failures=True)
            self.live.add_event_source(source)

    def read_lanes(self, lanes: Lanes) -> None:
        """Have the lanes call this function, each with its own share of workers, so that no lane can starve another."""
        for lane in lanes.each:
            source = SqsEventSource(
                lane.queue,
                batch_size=BATCH_SIZE,
                report_batch_item_failures=True,
                max_concurrency=lane.settings.max_concurrency,
            )
            self.live.add_event_source(source)
