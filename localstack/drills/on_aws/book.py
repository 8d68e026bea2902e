"""The drills' table of one Region: who drills now, the undo record, and when the watchdog last looked.

One item is lock and record at once, so that no drill can begin while anything of another one is not put back. It is in
both Regions' tables, which nothing replicates: each Region's watchdog reads its own. Every write is conditional on the
drill's id; whoever comes late finds that it is not theirs any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from localstack.drills.on_aws.changes import Record
from stacks.naming import CURRENT_DRILL

WATCHDOG = "WATCHDOG"


class Phase(StrEnum):
    """How far the drill that is in the book has come."""

    TAKEN = "taken"
    """Nobody else may begin. Nothing has been changed."""
    RECORDED = "recorded"
    """The record is written: changes may be made."""
    PLAYED = "played"
    """The drill is over; everything is being put back."""
    RESTORING = "restoring"
    """Everything is being put back. Nothing may be changed any more."""


class NotTheirs(Exception):
    """The drill is not in the book, or too far on for this. One line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The drill that is in the book."""

    drill_id: str
    phase: Phase
    restore_at: float
    """From then on the watchdog puts everything back. Seconds since 1970."""
    breaking_until: float
    """Until then a change may still be on its way; 0 where none is."""
    record: Record | None


@dataclass(frozen=True, slots=True)
class Book:
    """One Region's table."""

    client: Any
    table: str

    def current(self) -> Entry | None:
        """Return the drill that is in the book."""
        found = self.client.get_item(TableName=self.table, Key=_key(CURRENT_DRILL), ConsistentRead=True).get("Item")
        return None if found is None else _entry(found)

    def take(self, drill_id: str, restore_at: float) -> bool:
        """Enter a drill; say whether there was room. A second call for the same drill is the first."""
        item = {
            **_key(CURRENT_DRILL),
            "drill_id": {"S": drill_id},
            "phase": {"S": Phase.TAKEN.value},
            "restore_at": {"N": repr(restore_at)},
            "breaking_until": {"N": "0"},
        }
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR (drill_id = :id AND phase = :taken)",
                ExpressionAttributeValues={":id": {"S": drill_id}, ":taken": {"S": Phase.TAKEN.value}},
            )
        except ClientError as error:
            if _is_condition(error):
                return False
            raise
        return True

    def record(self, record: Record) -> None:
        """Write the undo record down. Raises NotTheirs."""
        values = {":record": {"S": record.to_json()}, ":phase": {"S": Phase.RECORDED.value}}
        self._update(record.drill_id, "SET #record = :record, phase = :phase", values, {"#record": "record"}, "taken")

    def begin_change(self, drill_id: str, until: float) -> None:
        """Say that a change is about to be made, which ends by `until`. Raises NotTheirs once it is too late."""
        values = {":until": {"N": repr(until)}}
        self._update(drill_id, "SET breaking_until = :until", values, {}, "recorded")

    def end_change(self, drill_id: str) -> None:
        """Say that no change is on its way any more. Raises NotTheirs."""
        self._update(drill_id, "SET breaking_until = :none", {":none": {"N": "0"}}, {}, "recorded")

    def note_played(self, drill_id: str) -> None:
        """Say that the drill is over. Raises NotTheirs."""
        self._update(drill_id, "SET phase = :played", {":played": {"S": Phase.PLAYED.value}}, {}, "recorded")

    def begin_restoring(self, drill_id: str) -> None:
        """Let no change be made any more. Raises NotTheirs where it is another drill's turn, or nobody's."""
        self._update(drill_id, "SET phase = :now", {":now": {"S": Phase.RESTORING.value}}, {}, None)

    def settle(self, drill_id: str) -> None:
        """Take a drill out of the book whose changes are all put back, if it is there."""
        self._take_out(drill_id, Phase.RESTORING)

    def give_back(self, drill_id: str) -> None:
        """Take a drill out of the book that has nothing written down yet, if it is there."""
        self._take_out(drill_id, Phase.TAKEN)

    def _take_out(self, drill_id: str, phase: Phase) -> None:
        try:
            self.client.delete_item(
                TableName=self.table,
                Key=_key(CURRENT_DRILL),
                ConditionExpression="drill_id = :id AND phase = :phase",
                ExpressionAttributeValues={":id": {"S": drill_id}, ":phase": {"S": phase.value}},
            )
        except ClientError as error:
            if not _is_condition(error):
                raise

    def note_watch(self, at: float) -> None:
        """Say that the watchdog is alive."""
        self.client.put_item(TableName=self.table, Item={**_key(WATCHDOG), "at": {"N": repr(at)}})

    def watched_at(self) -> float:
        """When the watchdog last looked; 0 if never."""
        found = self.client.get_item(TableName=self.table, Key=_key(WATCHDOG), ConsistentRead=True).get("Item")
        return float(found["at"]["N"]) if found else 0.0

    def _update(
        self, drill_id: str, change: str, values: Mapping[str, Any], names: Mapping[str, str], phase: str | None
    ) -> None:
        condition = "drill_id = :id" + ("" if phase is None else " AND phase = :before")
        given = {**values, ":id": {"S": drill_id}, **({} if phase is None else {":before": {"S": phase}})}
        options = {"ExpressionAttributeNames": dict(names)} if names else {}
        try:
            self.client.update_item(
                TableName=self.table,
                Key=_key(CURRENT_DRILL),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeValues=given,
                **options,
            )
        except ClientError as error:
            if _is_condition(error):
                raise NotTheirs(f"drill {drill_id} is not in {self.table}, or already being put back") from error
            raise


def _key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}}


def _entry(item: Mapping[str, Any]) -> Entry:
    record = item.get("record")
    return Entry(
        drill_id=item["drill_id"]["S"],
        phase=Phase(item["phase"]["S"]),
        restore_at=float(item["restore_at"]["N"]),
        breaking_until=float(item["breaking_until"]["N"]),
        record=None if record is None else Record.from_json(record["S"]),
    )


def _is_condition(error: ClientError) -> bool:
    return str(error.response["Error"]["Code"]) == "ConditionalCheckFailedException"
