"""What starts the sweeper and the sentinel once a minute, and where a start that failed can be found."""

from aws_cdk import Duration
from aws_cdk.aws_events import Rule
from aws_cdk.aws_events import Schedule as Rate
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_sqs import Queue, QueueEncryption
from constructs import Construct

from stacks.catalog import Schedule
from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.function import CatalogFunction
from stacks.constructs.keys import encrypt_queue, own_key

_STALE_AFTER = Duration.seconds(60)


class Schedules(Construct):
    """The scheduled functions' clockwork. A start is never tried again: the next one comes within the minute."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration) -> None:
        super().__init__(scope, name)
        self.dead_letters = Queue(
            self,
            "DeadLetters",
            queue_name=f"{configuration.prefix}-schedules-dead",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        encrypt_queue(self.dead_letters, own_key(self, configuration))
        acknowledge(
            self.dead_letters,
            "SQS3",
            "This is itself a queue of dead letters: of EventBridge, and of Lambda's asynchronous calls.",
        )

    def start(self, function: CatalogFunction, schedule: Schedule) -> None:
        """Start `function` at every interval of `schedule`."""
        function.live.configure_async_invoke(
            max_event_age=_STALE_AFTER,
            retry_attempts=0,
            on_failure=SqsDestination(self.dead_letters),
        )
        Rule(
            self,
            function.node.id,
            description=function.row.description,
            schedule=Rate.rate(Duration.minutes(schedule.minutes)),
            targets=[
                LambdaFunction(
                    function.live,
                    dead_letter_queue=self.dead_letters,
                    max_event_age=_STALE_AFTER,
                    retry_attempts=0,
                )
            ],
        )
