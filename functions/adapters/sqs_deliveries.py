"""DeliveryQueue on SQS, and a batch of its messages as SQS hands it to a function."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.delivery_messages import decode_message, encode_delivery
from functions.application.record_steps import Say
from functions.application.webhook_ports import Delivery, Detail, QueueUnavailable, Sending
from functions.observability import EventLog

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
#: SQS takes 1 MiB at once.
LARGEST_REQUEST_BYTES = 1_000_000

WorkOn = Callable[[Sequence[Detail | Delivery]], Awaitable[Sequence[BaseException | None]]]


class SqsDeliveries:
    """The queue of one Region; the tenant is the message group, so that no tenant's flood delays the others."""

    def __init__(self, url: str, make_client: Callable[[], "SQSClient"], calls: BlockingCalls, say: Say) -> None:
        self._url = url
        self._calls = ClientCalls(make_client, calls)
        self._say = say

    async def send(self, sendings: Sequence[Sending]) -> None:
        """See DeliveryQueue."""
        batch: list[Mapping[str, Any]] = []
        room = LARGEST_REQUEST_BYTES
        for number, sending in enumerate(sendings):
            entry = _entry(number, sending)
            size = len(entry["MessageBody"].encode())
            if batch and (len(batch) == BATCH or size > room):
                await self._send_batch(batch)
                batch, room = [], LARGEST_REQUEST_BYTES
            batch.append(entry)
            room -= size
        if batch:
            await self._send_batch(batch)

    async def _send_batch(self, entries: Sequence[Mapping[str, Any]]) -> None:
        try:
            answer = await self._calls.call("send_message_batch", QueueUrl=self._url, Entries=entries)
        except Exception as error:
            refusal = refusal_in(error)
            if refusal is None:
                raise
            self._say("deliveries_refused", level="ERROR", error=refusal.detail)
            raise QueueUnavailable(refusal.detail) from error
        failed = answer.get("Failed", [])
        if failed:
            raise QueueUnavailable(f"{len(failed)} of {len(entries)} deliveries: {failed[0].get('Code')}")


def _entry(number: int, sending: Sending) -> dict[str, Any]:
    return {
        "Id": str(number),
        "MessageBody": encode_delivery(sending.delivery),
        "MessageGroupId": str(sending.delivery.detail["tenant"]),
        "DelaySeconds": sending.delay_seconds,
    }


async def deliver_batch(records: Sequence[Mapping[str, Any]], work_on: WorkOn, log: EventLog) -> dict[str, Any]:
    """Work on the messages of `records` and return which are to come again (ReportBatchItemFailures)."""
    messages: list[tuple[str, Detail | Delivery]] = []
    for record in records:
        try:
            messages.append((record["messageId"], decode_message(record["body"])))
        except ValueError as error:
            log.failed("message_dropped", error, message_id=record["messageId"])
    outcomes = await work_on([message for _, message in messages])
    failures = []
    for (message_id, _), outcome in zip(messages, outcomes, strict=True):
        if outcome is not None:
            log.failed("put_back", outcome, message_id=message_id)
            failures.append({"itemIdentifier": message_id})
    log.say("worked_on", messages=len(records), put_back=len(failures))
    return {"batchItemFailures": failures}
