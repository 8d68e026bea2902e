"""Schedules: when a cron expression in a time zone fires, which fires count, and what each Region says of them.

Each Region writes its own settings and its own marker of a schedule, so that no item has two writers. Of the settings
the ones written last are in force, and the Region that wrote them fires; what has been fired both markers say together.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from functions.domain.errors import AntipodeError
from functions.domain.ids import job_id
from functions.domain.job.events import Json
from functions.domain.last_word import last_word
from functions.domain.moments import add_seconds, to_datetime, to_moment

SCHEDULE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
OVERLAPS = ("skip", "queue", "replace")
#: A fire that is noticed within this time is on time for every catch-up rule: so long the takeover of a lost Region's
#: schedules may take. Later ones are missed, and the rule says what becomes of them.
GRACE_SECONDS = 120.0
MOST_CATCH_UP = 100
#: So many of its last fires each Region remembers of a schedule.
KEPT_FIRES = 10
#: "none", "latest", or how many of the newest missed fires are made up for.
CatchUp: TypeAlias = str | int

FIRED, SKIPPED, MISSED, REFUSED = "fired", "skipped", "missed", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What `region` was last told of a schedule. Fires after `since` count; `deleted` is what remains of one."""

    tenant: str
    name: str
    region: str
    at: str
    by: str
    since: str
    cron: str
    time_zone: str
    agent: str
    input: Json
    lane: str | None = None
    tags: dict[str, Json] | None = None
    overlap: str = "skip"
    catch_up: CatchUp = "latest"
    paused: bool = False
    deleted: bool = False

    @property
    def active(self) -> bool:
        """Whether it fires at all."""
        return not (self.paused or self.deleted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """What became of one fire, or, `missed`, of all up to this one: `at` is when that was decided."""

    moment: str
    outcome: str
    at: str
    job: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """How far `region` has seen to a schedule's fires; `revision` rises with each change, and fences its processes.

    `intent` is a fire that has been decided on and may not have been carried out yet. `due_at`: when to look again.
    """

    tenant: str
    name: str
    region: str
    revision: int = 0
    seen_to: str = ""
    last: tuple[Fire, ...] = ()
    intent: str | None = None
    due_at: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """What a replica holds of a schedule: the settings and the markers of both Regions."""

    settings: tuple[Schedule, ...] = ()
    markers: tuple[Marker, ...] = ()

    @property
    def in_force(self) -> Schedule | None:
        """The settings that count: those written last, and at one moment the later Region's by name."""
        return last_word(self.settings)

    @property
    def seen_to(self) -> str:
        """The fire up to which all have been seen to, by whichever Region."""
        since = "" if self.in_force is None else self.in_force.since
        return max([since, *(marker.seen_to for marker in self.markers)])

    @property
    def last(self) -> tuple[Fire, ...]:
        """The last fires that either Region tells of, newest first; what was fired counts before what was not."""
        told: dict[str, Fire] = {}
        for fire in sorted((fire for marker in self.markers for fire in marker.last), key=lambda each: each.at):
            known = told.get(fire.moment)
            if known is None or (known.outcome != FIRED and fire.outcome == FIRED):
                told[fire.moment] = fire
        return tuple(told[moment] for moment in sorted(told, reverse=True))[:KEPT_FIRES]

    def marker_of(self, region: str) -> Marker | None:
        """Return the marker that a Region wrote."""
        return next((marker for marker in self.markers if marker.region == region), None)

    def with_more(self, other: "ScheduleRecord") -> "ScheduleRecord":
        """Return what two replicas hold together: of each Region's item the newer one."""
        settings = {each.region: each for each in sorted((*self.settings, *other.settings), key=lambda each: each.at)}
        markers = {
            each.region: each for each in sorted((*self.markers, *other.markers), key=lambda each: each.revision)
        }
        return ScheduleRecord(tuple(settings.values()), tuple(markers.values()))


@dataclass(frozen=True, slots=True)
class DueFires:
    """The fires that have come since the last one seen to: `missed`, of which `made_up` are fired, and `timely` ones.

    `dropped` is the newest of those that are not fired.
    """

    made_up: tuple[str, ...]
    timely: tuple[str, ...]
    dropped: str | None


def check_timing(cron: str, time_zone: str, now: str) -> None:
    """Raise AntipodeError invalid_body for an expression or a zone that does not exist, or that never comes."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = f"time_zone: no zone is named {time_zone[:64]!r}; use an IANA name, for example Europe/Berlin"
        raise AntipodeError("invalid_body", detail, field="time_zone") from None
    if len(cron.split()) != 5:
        detail = "cron: give five fields: minute, hour, day of the month, month, day of the week"
        raise AntipodeError("invalid_body", detail, field="cron")
    try:
        first = next(fires(cron, time_zone, now), None)
    except (CronSimError, ValueError) as error:
        raise AntipodeError("invalid_body", f"cron: {str(error)[:100]}", field="cron") from None
    if first is None:
        raise AntipodeError("invalid_body", "cron: it never fires", field="cron")


def fires(cron: str, time_zone: str, after: str) -> Iterator[str]:
    """Yield the moments after `after` at which the expression fires, earliest first.

    Daylight saving time, as Debian's cron has it: a fixed time that is left out fires when the gap is over, one that
    comes twice fires the first time; expressions whose minute or hour begins with `*` go by the real time that passes.
    """
    begin = to_datetime(after).astimezone(ZoneInfo(time_zone))
    with_gaps = (to_moment(each) for each in CronSim(cron, begin))
    latest = after  # begun within an hour that comes twice, the library names a moment that has passed
    for moment in with_gaps:
        if moment > latest:
            latest = moment
            yield moment


def next_fire(schedule: Schedule, after: str) -> str | None:
    """Return the first fire after that moment; None when it does not fire."""
    if not schedule.active:
        return None
    return next(fires(schedule.cron, schedule.time_zone, after), None)


def next_fires(schedule: Schedule, after: str, number: int) -> Sequence[str]:
    """Return its next fires."""
    if not schedule.active:
        return []
    return list(itertools.islice(fires(schedule.cron, schedule.time_zone, after), number))


def due_fires(schedule: Schedule, seen_to: str, now: str) -> DueFires:
    """Return what is to be done about the fires after `seen_to`, up to now."""
    if not schedule.active:
        return DueFires((), (), None)
    edge = max(seen_to, add_seconds(now, -GRACE_SECONDS))
    timely = _between(schedule, edge, now)
    wanted = {"none": 0, "latest": 1}.get(str(schedule.catch_up), schedule.catch_up)
    missed = _newest(schedule, seen_to, edge, int(wanted) + 1) if edge > seen_to else ()
    made_up = missed[1:] if len(missed) > int(wanted) else missed
    return DueFires(made_up, timely, missed[0] if len(missed) > int(wanted) else None)


def fire_key(name: str, moment: str) -> str:
    """Return the idempotency key of a fire's job: no client can send one with a line break."""
    return f"schedule\n{name}\n{moment}"


def fire_job(schedule: Schedule, moment: str) -> str:
    """Return the id of a fire's job: the same in either Region, however often it is fired."""
    return job_id(schedule.tenant, fire_key(schedule.name, moment))


def session_name(name: str) -> str:
    """Return the conversation in which the jobs of a schedule wait for one another."""
    return f"schedule:{name}"


def _between(schedule: Schedule, after: str, upto: str) -> tuple[str, ...]:
    found = fires(schedule.cron, schedule.time_zone, after)
    return tuple(itertools.takewhile(lambda moment: moment <= upto, found))


def _newest(schedule: Schedule, after: str, upto: str, number: int) -> tuple[str, ...]:
    """Return the newest fires in (after, upto], earliest first: looked for ever further back, for they may be many."""
    reach = timedelta(hours=1)
    while True:
        begin = max(after, to_moment(max(to_datetime(upto) - reach, to_datetime(after))))
        found = _between(schedule, begin, upto)
        if len(found) >= number or begin <= after:
            return found[-number:]
        reach *= 8


def merged(fires_told: Iterable[Fire]) -> tuple[Fire, ...]:
    """Return the newest of them, newest first, as a marker keeps them."""
    return tuple(sorted(fires_told, key=lambda each: each.moment, reverse=True))[:KEPT_FIRES]
