"""Messages that are lost, doubled and kept back by order (shims/unreliable_queues.py)."""

from __future__ import annotations

from typing import Any

from localstack.faults import Faults
from tests.integration.emulator.processes import FIRST, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def received(sqs: Any, url: str) -> list[str]:
    """All that lies in the queue, taken out of it."""
    bodies: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(bodies)


@needs_its_shim
def test_a_share_of_the_messages_is_lost_doubled_or_late_and_the_queue_is_well_afterwards(either: Emulators) -> None:
    faults, sqs = Faults(either.layout), either.client("sqs", FIRST)
    url, spared = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("spoilt", "spared"))
    try:
        for fate in ("lost", "doubled", "late"):
            faults.spoil_queues(FIRST, {fate: 1.0}, ["spoilt"])
            assert sqs.send_message(QueueUrl=url, MessageBody=fate)["MessageId"], "the sender is told that all is well"
            sqs.send_message(QueueUrl=spared, MessageBody=fate)
        assert received(sqs, url) == ["doubled", "doubled"]
        assert faults.queues(FIRST)["kept_back"] == 1
    finally:
        faults.spoil_queues(FIRST, {}, [])
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "after"}])
    assert received(sqs, url) == ["after", "late"]
    assert received(sqs, spared) == ["doubled", "late", "lost"]
    befell = faults.queues(FIRST)["befell"]
    assert {fate: befell[fate] for fate in ("lost", "doubled", "late")} == {"lost": 1, "doubled": 1, "late": 1}
