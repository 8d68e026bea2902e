"""What the API answers of schedules, as types: see `answers`."""

from typing import Any, Literal

from pydantic import Field

from functions.sdk.answers import Answer, Durability


class AllUpTo(Answer):
    """Make up for so many missed fires at most."""

    all: int


class FireShown(Answer):
    """What became of a fire; `missed` speaks of all up to this one. Where there is no `job`, `detail` says why."""

    moment: str
    outcome: Literal["fired", "skipped", "missed", "refused"]
    at: str
    job: str | None = None
    detail: str | None = None


class ScheduleListed(Answer):
    """A schedule: when it fires, what its jobs are, when the next fires are and what became of the last ones."""

    name: str
    cron: str
    time_zone: str
    agent: str
    lane: str | None = None
    tags: dict[str, str] | None = None
    overlap: Literal["skip", "queue", "replace"]
    catch_up: Literal["none", "latest"] | AllUpTo
    paused: bool
    home_region: str
    updated_at: str
    updated_by: str
    next_fires: list[str]
    last_fires: list[FireShown]
    lag_seconds: float | None = None


class ScheduleShown(ScheduleListed):
    """A schedule with the input of its jobs."""

    input: Any = Field(...)


class ScheduleSet(ScheduleShown):
    """A schedule as it has been written."""

    durability: Durability


class SchedulePage(Answer):
    """A tenant's schedules, by name."""

    schedules: list[ScheduleListed]


class ScheduleDeleted(Answer):
    """A schedule that is no more. The jobs that it has fired go on."""

    name: str
    deleted: Literal[True]
    at: str
    by: str
    durability: Durability
