"""EventBus on EventBridge: batches of ten, within what one request may hold, and what of them was refused."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.record_steps import Say
from functions.application.webhook_ports import BusEntry

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "antipode"
BATCH = 10
LARGEST_REQUEST_BYTES = 256_000
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class EventbridgeBus:
    """The bus of one Region."""

    def __init__(
        self, name: str, make_client: Callable[[], "EventBridgeClient"], calls: BlockingCalls, say: Say
    ) -> None:
        self._name = name
        self._calls = ClientCalls(make_client, calls)
        self._say = say

    async def publish(self, entries: Sequence[BusEntry]) -> Sequence[int]:
        """See EventBus. One request after the other: events of a job keep their order."""
        refused: list[int] = []
        rows = [self._row(entry) for entry in entries]
        for places in _batches([_size(row) for row in rows]):
            refused.extend(places[each] for each in await self._put([rows[place] for place in places]))
        return refused

    def _row(self, entry: BusEntry) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": entry.name,
            "Detail": _write(entry.detail),
        }

    async def _put(self, rows: Sequence[dict[str, str]]) -> Sequence[int]:
        try:
            answer = await self._calls.call("put_events", Entries=rows)
        except Exception as error:
            refusal = refusal_in(error)
            if refusal is None:
                raise
            self._say("bus_refuses", level="ERROR", error=refusal.detail)
            return range(len(rows))
        failed = [place for place, entry in enumerate(answer["Entries"]) if "ErrorCode" in entry]
        if failed:
            self._say(
                "bus_refused", level="WARNING", entries=len(failed), error=answer["Entries"][failed[0]]["ErrorCode"]
            )
        return failed


def _size(row: dict[str, str]) -> int:
    """Return what EventBridge counts of an entry."""
    return sum(len(row[name].encode()) for name in ("Source", "DetailType", "Detail"))


def _batches(sizes: Sequence[int]) -> list[list[int]]:
    """Return the places of entries that fit into one request each."""
    batches: list[list[int]] = []
    room = 0
    for place, size in enumerate(sizes):
        if not batches or len(batches[-1]) == BATCH or size > room:
            batches.append([])
            room = LARGEST_REQUEST_BYTES
        batches[-1].append(place)
        room -= size
    return batches
