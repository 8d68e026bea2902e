"""A queue's mapping gets more workers only while those that it has are held (shims/mapping_growth.py)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from localstack.shims.mapping_growth import HELD_SECONDS, Growth
from tests.eventually import eventually
from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

MAXIMUM = 12
#: Tells when it begins and when it ends, and ends when the queue `ends` has something for it.
TELLS = """
    import time
    import boto3

    def handler(event, context):
        print("called")
        sqs = boto3.client("sqs")
        sqs.send_message(QueueUrl="{told}", MessageBody=f"begun {{time.time()}}")
        while not sqs.receive_message(QueueUrl="{ends}", WaitTimeSeconds=5).get("Messages"):
            pass
        sqs.send_message(QueueUrl="{told}", MessageBody=f"ended {{time.time()}}")
"""


@needs_its_shim
def test_a_mapping_begins_with_a_quarter_of_its_workers_though_it_has_a_backlog(either: Emulators) -> None:
    sqs = either.client("sqs")
    work, told, ends = (sqs.create_queue(QueueName=f"growth-{name}")["QueueUrl"] for name in ("work", "told", "ends"))
    code = TELLS.format(told=told, ends=ends)
    either.function("growth", code, allow(["sqs:SendMessage", "sqs:ReceiveMessage"]), Timeout=60)
    for number in range(MAXIMUM):
        sqs.send_message(QueueUrl=work, MessageBody=str(number))
    described = sqs.get_queue_attributes(QueueUrl=work, AttributeNames=["QueueArn"])
    mapped = time.time()
    either.client("lambda").create_event_source_mapping(
        FunctionName="growth",
        EventSourceArn=described["Attributes"]["QueueArn"],
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": MAXIMUM},
    )
    heard: list[tuple[float, str]] = []
    eventually(lambda: len(hear(sqs, told, heard)) >= MAXIMUM // 4, within=30, what="a quarter have begun")
    for _ in range(MAXIMUM):
        sqs.send_message(QueueUrl=ends, MessageBody="end")
    eventually(lambda: len(hear(sqs, told, heard)) >= 2 * MAXIMUM, within=60, what="all workers have ended")
    assert most_running(heard, before=mapped + HELD_SECONDS) <= MAXIMUM // 4


def hear(sqs: Any, url: str, heard: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Add what workers told since, and return all that they told: when (seconds since 1970), and what."""
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        what, when = message["Body"].split()
        heard.append((float(when), what))
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return heard


def most_running(heard: list[tuple[float, str]], before: float) -> int:
    """At most how many workers ran side by side before a time.

    Before that none can have been held for long, however slow the machine is.
    """
    running = most = 0
    for when, what in sorted(heard):
        if when < before:
            running += 1 if what == "begun" else -1
            most = max(most, running)
    return most


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
