"""One tenant's flood does not hold up another's messages (shims/fair_queues.py).

Only the emulator has shown it: on AWS fair queues are a property of the service (docs/local-cloud.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localstack.shims.fair_queues import NOISY_IN_FLIGHT, REMEMBERED_SECONDS, Deliveries, FairOrder
from tests.integration.emulator.processes import Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def flood(sqs: Any, url: str, group: str, number: int) -> None:
    for first in range(0, number, 10):
        entries = [
            {"Id": str(place), "MessageBody": f"{group} {first + place}", "MessageGroupId": group}
            for place in range(min(10, number - first))
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def delivered(sqs: Any, url: str) -> Iterator[str]:
    """Take the messages one batch after the other, as a worker does."""
    while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in page:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            yield str(message["Body"])


@needs_its_shim
def test_ten_messages_behind_a_thousand_of_another_tenants_are_delivered_within_thirty(either: Emulators) -> None:
    sqs = either.client("sqs")
    url = sqs.create_queue(QueueName="fair")["QueueUrl"]
    flood(sqs, url, "A", 1000)
    flood(sqs, url, "B", 10)
    messages = delivered(sqs, url)
    first = [next(messages) for _ in range(30)]
    assert [body for body in first if body.startswith("B")] == [f"B {place}" for place in range(10)]
    assert [body for body in first if body.startswith("A")] == [f"A {place}" for place in range(20)]


def message(group: str, number: int, *, in_flight: bool = False) -> dict[str, Any]:
    return {
        "id": f"{group}{number}",
        "group_id": group,
        "visible_at": 2.0 if in_flight else 0.0,
        "receive_count": int(in_flight),
    }


def first(order: FairOrder, messages: list[dict[str, Any]], most: int = 10) -> list[str]:
    visible = [each for each in messages if each["visible_at"] <= 1.0]
    found = order.first({"url": "q", "messages": messages}, visible, most, 1.0)
    return [each["id"] for each in found]


def test_of_two_noisy_groups_the_one_with_fewer_in_flight_comes_first() -> None:
    messages = [message("A", number, in_flight=True) for number in range(NOISY_IN_FLIGHT + 5)]
    messages += [message("B", number, in_flight=True) for number in range(NOISY_IN_FLIGHT)]
    messages += [message("A", 100), message("B", 100), message("C", 100)]
    assert first(FairOrder(), messages) == ["C100", "B100", "A100"]


def test_a_small_share_is_quiet_and_quiet_groups_keep_the_order_of_arrival() -> None:
    messages = [message("A", number, in_flight=True) for number in range(NOISY_IN_FLIGHT - 1)]
    messages += [message("A", 100), message("B", 100)]
    assert first(FairOrder(), messages) == ["A100", "B100"]


def test_what_was_delivered_long_ago_does_not_count() -> None:
    known = Deliveries()
    known.note(0.0, ["A"] * 50)
    known.note(1.0, ["B"])
    assert known.noisy({}, {"A", "B"}) == {"A"}
    known.note(REMEMBERED_SECONDS + 0.5, [])
    assert known.noisy({}, {"A", "B"}) == {"B"}


def test_messages_without_a_group_are_groups_of_their_own() -> None:
    order = FairOrder()
    messages = [{**message("", number), "group_id": None} for number in range(5)]
    assert first(order, messages, 3) == ["0", "1", "2"]
