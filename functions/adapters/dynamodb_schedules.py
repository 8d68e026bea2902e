"""Schedules on DynamoDB: for each Region an item with its settings and one with its marker, both on the due index.

The index has one partition for each Region, ordered by time, in which a schedule has an entry for its next fire only.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from itertools import groupby
from typing import Any

from functions.adapters.dynamodb_projections import DUE_INDEX
from functions.adapters.dynamodb_table import DynamodbTable, Item, number, text
from functions.application.schedule_ports import DueSchedule, MarkerConflict
from functions.domain.schedule import Fire, Marker, Schedule, ScheduleRecord

_SETTINGS, _MARKER = "S", "M"
#: Fields of their own; all else of a schedule is one JSON text.
_IN_KEY = ("tenant", "name", "region", "at")
#: Sorts after whatever follows a moment.
_AFTER_ANY = "#~"


class DynamodbSchedules:
    """The schedules in one replica; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put(self, schedule: Schedule, due_at: str | None) -> None:
        """See Schedules."""
        await self._table.put_newer(_settings_item(schedule, due_at), "at")

    async def settle(self, schedule: Schedule) -> None:
        """See Schedules."""
        await self._table.put_in_place(_settings_item(schedule, None), "at")

    async def read(self, tenant: str, name: str) -> ScheduleRecord:
        """See Schedules."""
        values = {":tenant": text(_partition(tenant)), ":name": text(f"{name}#")}
        return _record(tenant, await self._table.query("pk = :tenant AND begins_with(sk, :name)", values))

    async def list(self, tenant: str) -> Sequence[ScheduleRecord]:
        """See Schedules."""
        items = await self._table.query("pk = :tenant", {":tenant": text(_partition(tenant))})
        named = sorted(items, key=_name)
        return [_record(tenant, list(group)) for _, group in groupby(named, key=_name)]

    async def put_marker(self, marker: Marker) -> None:
        """See Schedules."""
        item = _marker_item(marker)
        if marker.revision == 1:
            taken = await self._table.put_new(item) is not None
        else:
            before = {":before": number(marker.revision - 1)}
            taken = not await self._table.put_where(item, "#revision = :before", {"#revision": "revision"}, before)
        if taken:
            raise MarkerConflict(marker.name)

    async def due(self, region: str, *, upto: str) -> Sequence[DueSchedule]:
        """See Schedules."""
        values = {":partition": text(_due_partition(region)), ":upto": text(upto + _AFTER_ANY)}
        items = await self._table.query("due_pk = :partition AND due_sk <= :upto", values, index=DUE_INDEX)
        return [_due(item) for item in items]


class DynamodbRounds:
    """The port Rounds: an item for each loop, beside the sweeper's cursors."""

    def __init__(self, table: DynamodbTable, region: str) -> None:
        self._table = table
        self._region = region

    async def note(self, what: str, at: str) -> None:
        """See Rounds."""
        key = {"pk": text(f"SWEEP#{self._region}"), "sk": text(f"round#{what}")}
        await self._table.put({**key, "writer": text(self._region), "at": text(at)})

    async def last(self, what: str) -> str | None:
        """See Rounds."""
        item = await self._table.get(f"SWEEP#{self._region}", f"round#{what}", consistent=True)
        return None if item is None else str(item["at"]["S"])


def _partition(tenant: str) -> str:
    return f"SCHEDULE#{tenant}"


def _due_partition(region: str) -> str:
    """Return a partition that no lane of jobs has: theirs have two signs #."""
    return f"{region}#schedules"


def _key(kind: str, tenant: str, name: str, region: str, due_at: str | None) -> dict[str, dict[str, Any]]:
    item: dict[str, dict[str, Any]] = {
        "pk": text(_partition(tenant)),
        "sk": text(f"{name}#{kind}#{region}"),
        "writer": text(region),
    }
    if due_at is not None:
        item |= {"due_pk": text(_due_partition(region)), "due_sk": text(f"{due_at}#{tenant}#{name}")}
    return item


def _settings_item(schedule: Schedule, due_at: str | None) -> Item:
    rest = {each.name: getattr(schedule, each.name) for each in fields(schedule) if each.name not in _IN_KEY}
    item = _key(_SETTINGS, schedule.tenant, schedule.name, schedule.region, due_at)
    return {**item, "at": text(schedule.at), "settings": text(json.dumps(rest, ensure_ascii=False))}


def _marker_item(marker: Marker) -> Item:
    item = _key(_MARKER, marker.tenant, marker.name, marker.region, marker.due_at)
    item |= {
        "revision": number(marker.revision),
        "seen_to": text(marker.seen_to),
        "last": text(json.dumps([asdict(fire) for fire in marker.last], ensure_ascii=False)),
    }
    return item if marker.intent is None else {**item, "intent": text(marker.intent)}


def _record(tenant: str, items: Sequence[Item]) -> ScheduleRecord:
    settings = tuple(_settings(tenant, item) for item in items if _kind(item) == _SETTINGS)
    markers = tuple(_marker(tenant, item) for item in items if _kind(item) == _MARKER)
    return ScheduleRecord(settings, markers)


def _settings(tenant: str, item: Item) -> Schedule:
    rest = json.loads(item["settings"]["S"])
    known = {each.name for each in fields(Schedule)}
    told = {name: value for name, value in rest.items() if name in known}
    return Schedule(tenant=tenant, name=_name(item), region=item["writer"]["S"], at=item["at"]["S"], **told)


def _marker(tenant: str, item: Item) -> Marker:
    made = Marker(tenant=tenant, name=_name(item), region=item["writer"]["S"], revision=int(item["revision"]["N"]))
    intent, due = item.get("intent"), item.get("due_sk")
    return replace(
        made,
        seen_to=item["seen_to"]["S"],
        last=tuple(Fire(**fire) for fire in json.loads(item["last"]["S"])),
        intent=None if intent is None else intent["S"],
        due_at=None if due is None else due["S"].partition("#")[0],
    )


def _due(item: Item) -> DueSchedule:
    due_at, tenant, name = item["due_sk"]["S"].split("#", 2)
    return DueSchedule(tenant, name, due_at, _kind(item) == _SETTINGS)


def _name(item: Item) -> str:
    return str(item["sk"]["S"]).split("#")[0]


def _kind(item: Item) -> str:
    return str(item["sk"]["S"]).split("#")[1]
