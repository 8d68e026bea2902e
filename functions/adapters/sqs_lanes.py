"""Lanes on SQS: batches of up to ten, with the tenant as message group, so that no tenant's flood delays the others."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.ports import LaneSend, LaneUnavailable
from functions.application.record_steps import Say
from functions.domain.lanes import Lane, LaneMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: What SQS takes at once.
BATCH = 10
_MISCONFIGURED = frozenset({"AccessDenied", "AccessDeniedException", "NonExistentQueue", "QueueDoesNotExist"})


class SqsLanes:
    """The queues of one Region; `urls` has one for each lane that exists here."""

    def __init__(
        self, urls: Mapping[str, str], make_client: Callable[[], "SQSClient"], calls: BlockingCalls, say: Say
    ) -> None:
        self._urls = {lane.value: urls[lane] for lane in Lane if lane in urls}
        self._calls = ClientCalls(make_client, calls)
        self._say = say

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return list(self._urls)

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        await asyncio.gather(*(self._send_batch(lane, batch) for lane, batch in self._batches(sends)))

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        depths = await asyncio.gather(*(self._depth(url) for url in self._urls.values()))
        return dict(zip(self._urls, depths, strict=True))

    def _batches(self, sends: Sequence[LaneSend]) -> Sequence[tuple[str, Sequence[LaneSend]]]:
        by_lane: dict[str, list[LaneSend]] = {}
        for send in sends:
            by_lane.setdefault(send.lane, []).append(send)
        return [
            (lane, group[start : start + BATCH])
            for lane, group in by_lane.items()
            for start in range(0, len(group), BATCH)
        ]

    async def _send_batch(self, lane: str, batch: Sequence[LaneSend]) -> None:
        if lane not in self._urls:
            raise LaneUnavailable(f"this Region has no lane {lane!r}")
        entries = [_entry(number, send) for number, send in enumerate(batch)]
        answer = await self._call("send_message_batch", QueueUrl=self._urls[lane], Entries=entries)
        refused = answer.get("Failed", [])
        if refused:
            raise LaneUnavailable(f"{lane} refused {len(refused)} of {len(batch)} messages: {refused[0].get('Code')}")

    async def _depth(self, url: str) -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self._call("get_queue_attributes", QueueUrl=url, AttributeNames=names)
        waiting, in_flight = (int(answer["Attributes"][name]) for name in names)
        return waiting, in_flight

    async def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return await self._calls.call(operation, **parameters)
        except Exception as error:
            raise self._meaning(operation, error) from error

    def _meaning(self, operation: str, error: Exception) -> Exception:
        refusal = refusal_in(error)
        if refusal is None:
            return error
        if refusal.code.rpartition(".")[2] in _MISCONFIGURED:
            self._say("lane_misconfigured", level="ERROR", operation=operation, error=refusal.detail)
        return LaneUnavailable(f"{operation}: {refusal.detail}")


def _entry(number: int, send: LaneSend) -> Mapping[str, Any]:
    return {
        "Id": str(number),
        "MessageBody": encode_message(send.message),
        "MessageGroupId": send.group,
        "DelaySeconds": send.delay_seconds,
    }


def encode_message(message: LaneMessage) -> str:
    """Return a message's body."""
    body = {"job_id": message.job_id, "epoch": message.epoch, "reason": message.reason}
    return json.dumps(body, separators=(",", ":"))


def decode_message(body: str) -> LaneMessage:
    """Read a message's body. Raises ValueError when it is not one of ours."""
    value = json.loads(body)
    match value:
        case {"job_id": str(job_id), "epoch": int(epoch), "reason": str(reason)} if not isinstance(epoch, bool):
            return LaneMessage(job_id, epoch, reason)
        case _:
            raise ValueError(f"not a lane message: {body[:200]}")
