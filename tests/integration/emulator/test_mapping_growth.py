"""A queue's mapping gets more workers only while those that it has are held (shims/mapping_growth.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims.mapping_growth import HELD_SECONDS, Growth
from tests.eventually import eventually
from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

MAXIMUM = 12
#: The last to begin says how many had begun by then, and all end when the queue `ends` has something for each.
TELLS = """
    import boto3

    def handler(event, context):
        print("called")
        sqs = boto3.client("sqs")
        sqs.send_message(QueueUrl="{begun}", MessageBody="begun")
        while not sqs.receive_message(QueueUrl="{ends}", WaitTimeSeconds=5).get("Messages"):
            pass
"""


@needs_its_shim
def test_a_mapping_begins_with_a_quarter_of_its_workers_though_it_has_a_backlog(either: Emulators) -> None:
    sqs = either.client("sqs")
    work, begun, ends = (sqs.create_queue(QueueName=f"growth-{name}")["QueueUrl"] for name in ("work", "begun", "ends"))
    code = TELLS.format(begun=begun, ends=ends)
    either.function("growth", code, allow(["sqs:SendMessage", "sqs:ReceiveMessage"]), Timeout=60)
    for number in range(MAXIMUM):
        sqs.send_message(QueueUrl=work, MessageBody=str(number))
    described = sqs.get_queue_attributes(QueueUrl=work, AttributeNames=["QueueArn"])
    either.client("lambda").create_event_source_mapping(
        FunctionName="growth",
        EventSourceArn=described["Attributes"]["QueueArn"],
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": MAXIMUM},
    )
    eventually(lambda: waiting(sqs, begun) >= MAXIMUM // 4, within=20, what="a quarter of the workers have begun")
    for _ in range(MAXIMUM):
        sqs.send_message(QueueUrl=ends, MessageBody="end")
    assert waiting(sqs, work) == MAXIMUM - MAXIMUM // 4


def waiting(sqs: Any, url: str) -> int:
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


class Mapping:
    """One mapping of a queue that is never empty, on a clock of its own."""

    def __init__(self, maximum: int) -> None:
        self.now = 0.0
        self.maximum = maximum
        self.running: list[Callable[[], None]] = []
        self.growth = Growth(lambda: self.now)

    def poll(self) -> int:
        """Begin all batches that may be under way, and say how many are."""
        while len(self.running) < self.growth.allowed("m", self.maximum):
            self.growth.noted(lambda mapping, run, *given: self.running.append(run))("m", lambda: None)
        return len(self.running)


def test_workers_that_are_held_by_long_batches_make_room_for_others_up_to_the_maximum() -> None:
    mapping = Mapping(16)
    seen = [mapping.poll()]
    for _ in range(5):
        mapping.now += HELD_SECONDS
        seen.append(mapping.poll())
    assert seen == [4, 8, 12, 16, 16, 16]


def test_short_batches_never_get_more_than_a_mapping_begins_with() -> None:
    mapping = Mapping(16)
    for _ in range(20):
        assert mapping.poll() == 4
        mapping.now += HELD_SECONDS / 2
        mapping.running.pop(0)()
        mapping.running.pop(0)()


def test_a_worker_that_was_held_and_has_come_back_makes_room_no_more() -> None:
    mapping = Mapping(16)
    mapping.poll()
    mapping.now += HELD_SECONDS
    assert mapping.poll() == 8
    while mapping.running:
        mapping.running.pop()()
    assert mapping.poll() == 4


def test_no_mapping_has_less_than_two_workers() -> None:
    assert Mapping(2).poll() == 2
    assert Mapping(6).poll() == 2
