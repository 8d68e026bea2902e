"""The lanes of one Region: a queue each, and beside it the queue of messages that nobody could work on."""

from aws_cdk import Duration
from aws_cdk.aws_kms import IKey
from aws_cdk.aws_sqs import DeadLetterQueue, Queue, QueueEncryption
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.keys import encrypt_queue, own_key
from stacks.sections import LaneSettings


def queue_name(prefix: str, settings: LaneSettings) -> str:
    """Return the name of a lane's queue: the same in both Regions, so that each finds the other's."""
    return f"{prefix}-{settings.name}"


class Lane(Construct):
    """One lane. Its messages are hints that the sweeper can write again, so they need not be kept for long."""

    def __init__(self, scope: Construct, name: str, *, prefix: str, settings: LaneSettings, key: IKey | None) -> None:
        super().__init__(scope, name)
        self.settings = settings
        self.dead_letters = Queue(
            self,
            "DeadLetters",
            queue_name=f"{queue_name(prefix, settings)}-dead",
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.queue = Queue(
            self,
            "Queue",
            queue_name=queue_name(prefix, settings),
            encryption=QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(4),
            visibility_timeout=Duration.seconds(settings.visibility_seconds),
            dead_letter_queue=DeadLetterQueue(queue=self.dead_letters, max_receive_count=settings.max_receive_count),
        )
        for queue in (self.dead_letters, self.queue):
            encrypt_queue(queue, key)


class Lanes(Construct):
    """All lanes of one Region."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration) -> None:
        super().__init__(scope, name)
        key = own_key(self, configuration)
        self.each = tuple(
            Lane(self, settings.name.capitalize(), prefix=configuration.prefix, settings=settings, key=key)
            for settings in configuration.lanes
        )
