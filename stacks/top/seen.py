"""What can be seen of both Regions at one moment, made of what each of them last said. Nothing is asked here.

A Region is asked at its own address. Of one that does not answer the other one tells, whose replica holds what it last
wrote of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["up", "silent", "lost", "unknown"]
#: What a Region said of itself counts for so long, in seconds; then the other one's word is the newer.
OWN_WORD_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a Region has said: its last answer, `age` seconds ago, and what went wrong since, if something did."""

    body: Mapping[str, Any] | None = None
    age: float = 0.0
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSeen:
    """One Region. `told_by` is who told of its lanes, None when nobody could."""

    name: str
    state: State
    heartbeat_age: float | None
    lanes: Mapping[str, Mapping[str, Any]]
    told_by: str | None
    trouble: str | None
    lost_since: str | None = None

    @property
    def running(self) -> int | None:
        """How many messages are with a worker: jobs that run, give or take a few."""
        known = [lane["in_flight"] for lane in self.lanes.values() if lane.get("in_flight") is not None]
        return sum(known) if known else None


def seen(answers: Mapping[str, Answered]) -> tuple[RegionSeen, ...]:
    """Return both Regions as they are seen by what each of them said."""
    return tuple(_region(name, answers) for name in answers)


def _region(name: str, answers: Mapping[str, Answered]) -> RegionSeen:
    own = answers[name]
    others = {other: answer for other, answer in answers.items() if other != name and answer.body is not None}
    by_itself = own.body is not None and (own.trouble is None or own.age <= OWN_WORD_SECONDS or not others)
    told_by = name if by_itself else next(iter(others), None)
    told = None if told_by is None else answers[told_by].body
    told_regions: list[Mapping[str, Any]] = (told or {}).get("regions", [])
    entry: Mapping[str, Any] = next((each for each in told_regions if each["name"] == name), {})
    lost_since = _lost_since(name, others)
    return RegionSeen(
        name=name,
        state=_state(own, lost_since),
        heartbeat_age=entry.get("heartbeat_age_seconds"),
        lanes=entry.get("lanes", {}),
        told_by=told_by,
        trouble=own.trouble,
        lost_since=lost_since,
    )


def _state(own: Answered, lost_since: str | None) -> State:
    if own.trouble is None:
        return "unknown" if own.body is None else "up"
    return "silent" if lost_since is None else "lost"


def _lost_since(name: str, others: Mapping[str, Answered]) -> str | None:
    """Since when the peer holds it for lost."""
    for answer in others.values():
        peer = (answer.body or {}).get("peer", {})
        if answer.trouble is None and peer.get("region") == name and peer.get("lost"):
            return str(peer["since"])
    return None


def as_json(regions: tuple[RegionSeen, ...], at: str) -> dict[str, Any]:
    """Return what is seen as JSON."""
    return {
        "at": at,
        "regions": [
            {
                "name": region.name,
                "state": region.state,
                "lost_since": region.lost_since,
                "heartbeat_age_seconds": region.heartbeat_age,
                "told_by": region.told_by,
                "running": region.running,
                "lanes": {name: dict(lane) for name, lane in region.lanes.items()},
            }
            for region in regions
        ],
    }
