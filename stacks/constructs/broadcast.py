"""How one Region tells the world of its jobs' events: stream, broadcaster, bus, and the webhooks' queue."""

from collections.abc import Sequence

from aws_cdk import CustomResource, Duration
from aws_cdk.aws_events import EventBus, EventPattern, Rule, RuleTargetInput
from aws_cdk.aws_events_targets import SqsQueue
from aws_cdk.aws_iam import IRole, PolicyStatement
from aws_cdk.aws_lambda import EventSourceMapping, FilterCriteria, FilterRule, StartingPosition
from aws_cdk.aws_lambda_event_sources import SqsDlq, SqsEventSource
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from stacks.config import VISIBILITY_IN_TIMEOUTS, Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.function import BATCH_SIZE, CatalogFunction
from stacks.constructs.keys import encrypt_queue, own_key
from stacks.constructs.permissions import DELIVERIES

SOURCE = "antipode"
#: Records are collected for so long: one invocation for many is what makes telling cheap.
WINDOW = Duration.seconds(1)
STREAM_BATCH = 100
#: A record that fails so often is left out; the bus's bad minutes are over by then.
STREAM_RETRIES = 20
#: Messages are given up by whoever delivers; what comes back more often than this kills its worker.
DELIVERY_ATTEMPTS = 20


class Broadcast(Construct):
    """The bus and the queues. The functions are connected once they exist."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration, timeout_seconds: int) -> None:
        super().__init__(scope, name)
        self._configuration = configuration
        self.bus = EventBus(self, "Bus", event_bus_name=configuration.prefix)
        self.dead_letters = self._dead("DeadLetters", f"{configuration.prefix}-broadcast-dead")
        acknowledge(
            self.dead_letters,
            "SQS3",
            "This is itself a queue of dead letters: of the stream's mapping, and of the bus.",
        )
        self.unreadable = self._dead("Unreadable", f"{configuration.prefix}{DELIVERIES}-dead")
        self.deliveries = Queue(
            self,
            "Deliveries",
            queue_name=f"{configuration.prefix}{DELIVERIES}",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(4),
            visibility_timeout=Duration.seconds(VISIBILITY_IN_TIMEOUTS * timeout_seconds),
            dead_letter_queue=DeadLetterQueue(queue=self.unreadable, max_receive_count=DELIVERY_ATTEMPTS),
        )
        key = own_key(self, configuration)
        for queue in (self.dead_letters, self.unreadable, self.deliveries):
            encrypt_queue(queue, key)
        Rule(
            self,
            "Asked",
            description="Events that a webhook, or the job itself, asks for",
            event_bus=self.bus,
            event_pattern=EventPattern(source=[SOURCE], detail={"asked": [True]}),
            targets=[
                SqsQueue(
                    self.deliveries,
                    message=RuleTargetInput.from_event_path("$.detail"),
                    dead_letter_queue=self.dead_letters,
                    max_event_age=Duration.hours(24),
                    retry_attempts=185,
                )
            ],
        )

    def deliver_by(self, function: CatalogFunction) -> None:
        """Have the queue call this function."""
        source = SqsEventSource(
            self.deliveries,
            batch_size=BATCH_SIZE,
            report_batch_item_failures=True,
            max_concurrency=self._configuration.webhooks.max_concurrency,
        )
        function.live.add_event_source(source)

    def tell_by(self, function: CatalogFunction, finder: CatalogFunction, region: str) -> None:
        """Have the replica's stream call `function`: with new segments that this Region wrote, and nothing else.

        The stream's name is asked of `finder` while the Region is deployed: of a replica the template cannot know it.
        """
        found = CustomResource(
            self,
            "Stream",
            resource_type="Custom::StateStream",
            service_token=finder.live.function_arn,
            properties={"TableName": self._configuration.table_name},
            service_timeout=Duration.minutes(5),
        )
        stream = found.get_att_string("StreamArn")
        _let_read(function.function.role, stream)
        EventSourceMapping(
            self,
            "Telling",
            target=function.live,
            event_source_arn=stream,
            starting_position=StartingPosition.TRIM_HORIZON,
            batch_size=STREAM_BATCH,
            max_batching_window=WINDOW,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=STREAM_RETRIES,
            max_record_age=Duration.hours(6),
            on_failure=SqsDlq(self.dead_letters),
            filters=[FilterCriteria.filter(_new_segments_of(region))],
        )

    def _dead(self, construct_id: str, name: str) -> Queue:
        return Queue(
            self,
            construct_id,
            queue_name=name,
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )


def _new_segments_of(region: str) -> dict[str, object]:
    return {
        "eventName": FilterRule.is_equal("INSERT"),
        "dynamodb": {
            "Keys": {"sk": {"S": FilterRule.begins_with("E#")}},
            "NewImage": {"writer": {"S": FilterRule.is_equal(region)}},
        },
    }


def _let_read(role: IRole | None, stream: str) -> None:
    assert role is not None
    reading: Sequence[str] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    role.add_to_principal_policy(PolicyStatement(actions=list(reading), resources=[stream]))
    role.add_to_principal_policy(PolicyStatement(actions=["dynamodb:ListStreams"], resources=["*"]))
    acknowledge(role, "IAM5[Resource::*]", "dynamodb:ListStreams, which a stream's mapping needs, knows no resources.")
