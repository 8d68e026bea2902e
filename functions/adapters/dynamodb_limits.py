"""A Region's slots, lines and starts on DynamoDB: all of one limit's in one partition, written by that Region alone.

Each is an item that expires, so that what a dead worker leaves behind goes by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.domain.limits import Slot, Waiter
from functions.domain.moments import add_seconds, to_datetime, to_moment

_START, _RESERVED, _SLOT, _WAITER = "START", "R#", "S#", "W#"
#: Items are forgotten so long after they mean nothing any more.
_FORGET_SECONDS = 3600.0


class DynamodbLimits:
    """The port LimitBook."""

    def __init__(self, table: DynamodbTable, region: str) -> None:
        self._table = table
        self._region = region

    async def next_start(self, place: str, now: str, interval_ms: int) -> str:
        """See LimitBook. One number is moved on: from where it is, or from now if that is later."""
        present = _milliseconds(now)
        names = {"#next": "next", "#writer": "writer", "#ttl": "ttl"}
        values = {
            ":now": number(present),
            ":writer": text(self._region),
            ":ttl": number(present // 1000 + 86_400),
        }
        also = "#writer = :writer, #ttl = :ttl"
        while True:
            moved = await self._table.update_where(
                (self._partition(place), _START),
                f"SET #next = #next + :interval, {also}",
                "#next >= :now",
                names,
                {**values, ":interval": number(interval_ms)},
            )
            if moved is None:
                moved = await self._table.update_where(
                    (self._partition(place), _START),
                    f"SET #next = :following, {also}",
                    "attribute_not_exists(#next) OR #next < :now",
                    names,
                    {**values, ":following": number(present + interval_ms)},
                )
            if moved is not None:
                return _moment(int(moved["next"]["N"]) - interval_ms)

    async def reservation(self, place: str, job_id: str) -> str | None:
        """See LimitBook."""
        item = await self._table.get(self._partition(place), f"{_RESERVED}{job_id}", consistent=True)
        return None if item is None else item["start"]["S"]

    async def reserve(self, place: str, job_id: str, start: str) -> str:
        """See LimitBook."""
        there = await self._table.put_new(
            {**self._key(place, f"{_RESERVED}{job_id}", start), "start": text(start)},
        )
        return start if there is None else there["start"]["S"]

    async def slots(self, place: str) -> Sequence[Slot]:
        """See LimitBook."""
        return [_slot(item) for item in await self._of(place, _SLOT)]

    async def take(self, place: str, slot: Slot, now: str) -> bool:
        """See LimitBook."""
        free = "attribute_not_exists(pk) OR #expires <= :now"
        return await self._table.put_where(self._held(place, slot), free, {"#expires": "expires"}, {":now": text(now)})

    async def renew(self, place: str, slot: Slot) -> bool:
        """See LimitBook."""
        return await self._table.put_where(self._held(place, slot), *_still_its_holders(slot))

    async def release(self, place: str, slot: Slot) -> None:
        """See LimitBook."""
        await self._table.delete_where(self._partition(place), _slot_key(slot), *_still_its_holders(slot))

    async def line(self, place: str, limit: int) -> Sequence[Waiter]:
        """See LimitBook."""
        return [_waiter(item) for item in await self._of(place, _WAITER, limit)]

    async def stand(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        await self._table.put(
            {
                **self._key(place, _waiter_key(waiter), waiter.expires),
                "lane": text(waiter.lane),
                "tenant": text(waiter.tenant),
                "epoch": number(waiter.epoch),
                "expires": text(waiter.expires),
                "called": {"BOOL": waiter.called},
            }
        )

    async def leave(self, place: str, waiter: Waiter) -> None:
        """See LimitBook."""
        await self._table.delete(self._partition(place), _waiter_key(waiter))

    async def _of(self, place: str, prefix: str, limit: int | None = None) -> Sequence[Item]:
        values = {":place": text(self._partition(place)), ":prefix": text(prefix)}
        return await self._table.query("pk = :place AND begins_with(sk, :prefix)", values, limit=limit)

    def _held(self, place: str, slot: Slot) -> Item:
        return {
            **self._key(place, _slot_key(slot), slot.expires),
            "number": number(slot.number),
            "holder": text(slot.holder),
            "job": text(slot.job_id),
            "expires": text(slot.expires),
        }

    def _partition(self, place: str) -> str:
        return f"LIMIT#{self._region}#{place}"

    def _key(self, place: str, sk: str, expires: str) -> dict[str, Mapping[str, Any]]:
        forgotten = _milliseconds(add_seconds(expires, _FORGET_SECONDS)) // 1000
        return {
            "pk": text(self._partition(place)),
            "sk": text(sk),
            "writer": text(self._region),
            "ttl": number(forgotten),
        }


def _slot_key(slot: Slot) -> str:
    return f"{_SLOT}{slot.number:06d}"


def _waiter_key(waiter: Waiter) -> str:
    return f"{_WAITER}{waiter.since}#{waiter.job_id}"


def _still_its_holders(slot: Slot) -> tuple[str, dict[str, str], Item]:
    return "#holder = :holder", {"#holder": "holder"}, {":holder": text(slot.holder)}


def _slot(item: Item) -> Slot:
    return Slot(int(item["number"]["N"]), item["holder"]["S"], item["job"]["S"], item["expires"]["S"])


def _waiter(item: Item) -> Waiter:
    since, _, job_id = item["sk"]["S"].removeprefix(_WAITER).partition("#")
    return Waiter(
        since,
        job_id,
        item["lane"]["S"],
        item["tenant"]["S"],
        int(item["epoch"]["N"]),
        item["expires"]["S"],
        called=bool(item["called"]["BOOL"]),
    )


def _milliseconds(moment: str) -> int:
    return round((to_datetime(moment) - _EPOCH) / timedelta(milliseconds=1))


def _moment(milliseconds: int) -> str:
    return to_moment(_EPOCH + timedelta(milliseconds=milliseconds))


_EPOCH = to_datetime("1970-01-01T00:00:00Z")
