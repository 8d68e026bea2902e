"""Write, show, list and delete schedules: settings in this Region, copied to the peer at once.

The index entry that comes with the settings leads this Region to the first fire.
"""

from dataclasses import dataclass, replace

from functions.application.agent_ports import Agents
from functions.application.ports import Clock, Lanes
from functions.application.schedule_ports import Schedules
from functions.application.tell_both import tell_both
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.job.turns import SESSION_AGENT
from functions.domain.last_word import said_after
from functions.domain.moments import seconds_between
from functions.domain.schedule import (
    FIRED,
    Fire,
    Schedule,
    ScheduleRecord,
    check_timing,
    next_fire,
    next_fires,
)

#: A tenant has no more of them at a time.
MOST_SCHEDULES = 200
SHOWN_FIRES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """What a client asks for, already checked for form."""

    tenant: str
    name: str
    by: str
    cron: str
    agent: str
    input: Json
    time_zone: str = "UTC"
    lane: str | None = None
    tags: dict[str, Json] | None = None
    overlap: str = "skip"
    catch_up: str | int = "latest"
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchedule:
    """The use case. `peer` is the peer Region's replica, reached directly."""

    schedules: Schedules
    peer: Schedules
    agents: Agents
    lanes: Lanes
    clock: Clock
    region: str

    async def set(self, asked: ScheduleRequest) -> dict[str, Json]:
        """Return the schedule as clients see it. Raises AntipodeError, StateUnavailable; then nothing is written."""
        now = self.clock.now()
        self._check(asked, now)
        record = await self.schedules.read(asked.tenant, asked.name)
        known = record.in_force
        if known is None or known.deleted:
            await self._check_number(asked.tenant)
        setting = Schedule(
            tenant=asked.tenant,
            name=asked.name,
            region=self.region,
            at=said_after(now, known),
            by=asked.by,
            since=now,
            cron=asked.cron,
            time_zone=asked.time_zone,
            agent=asked.agent,
            input=asked.input,
            lane=asked.lane,
            tags=asked.tags,
            overlap=asked.overlap,
            catch_up=asked.catch_up,
            paused=asked.paused,
        )
        if known is not None and known.active and setting.active and _timing(known) == _timing(setting):
            setting = replace(setting, since=known.since)  # what is due by now is not forgotten
        return await self._write(setting, record)

    async def delete(self, tenant: str, name: str, by: str) -> dict[str, Json]:
        """Delete a schedule; the jobs that it has fired go on. Raises AntipodeError, StateUnavailable."""
        record, known = await _found(self.schedules, tenant, name)
        gone = replace(
            known, region=self.region, at=said_after(self.clock.now(), known), by=by, deleted=True, input=None
        )
        view = await self._write(gone, record)
        return {"name": name, "deleted": True, "at": gone.at, "by": by, "durability": view["durability"]}

    async def _write(self, setting: Schedule, record: ScheduleRecord) -> dict[str, Json]:
        due_at = next_fire(setting, max(record.seen_to, setting.since))
        durability = await tell_both(self.schedules, self.peer, lambda replica: replica.put(setting, due_at))
        others = tuple(each for each in record.settings if each.region != self.region)
        shown = replace(record, settings=(*others, setting))
        return {**view_schedule(shown, self.clock.now(), SHOWN_FIRES), "durability": durability}

    def _check(self, asked: ScheduleRequest, now: str) -> None:
        check_timing(asked.cron, asked.time_zone, now)
        agent = self.agents.find(asked.agent)
        if agent is None or agent.name == SESSION_AGENT:
            detail = f"no agent is named {asked.agent!r}; there are {', '.join(self.agents.names())}"
            raise AntipodeError("unknown_agent", detail, field="agent")
        if asked.lane is not None and asked.lane not in self.lanes.names():
            detail = f"no lane is named {asked.lane!r}; there are {', '.join(self.lanes.names())}"
            raise AntipodeError("unknown_lane", detail, field="lane")
        agent.check_input(asked.input)

    async def _check_number(self, tenant: str) -> None:
        known = [record.in_force for record in await self.schedules.list(tenant)]
        if sum(each is not None and not each.deleted for each in known) >= MOST_SCHEDULES:
            raise AntipodeError("too_many_schedules", f"there are {MOST_SCHEDULES}, as many as a tenant may have")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSchedules:
    """The use case that reads them."""

    schedules: Schedules
    clock: Clock

    async def show(self, tenant: str, name: str, fires: int = SHOWN_FIRES) -> dict[str, Json]:
        """Return one schedule with its input. Raises AntipodeError schedule_not_found, StateUnavailable."""
        record, _ = await _found(self.schedules, tenant, name)
        return view_schedule(record, self.clock.now(), fires)

    async def list(self, tenant: str, fires: int = SHOWN_FIRES) -> dict[str, Json]:
        """Return {"schedules": [...]}: each with its next fires and its last ones, without its input."""
        found: list[Json] = []
        for record in await self.schedules.list(tenant):
            if record.in_force is not None and not record.in_force.deleted:
                view = view_schedule(record, self.clock.now(), fires)
                found.append({name: value for name, value in view.items() if name != "input"})
        return {"schedules": found}


async def _found(schedules: Schedules, tenant: str, name: str) -> tuple[ScheduleRecord, Schedule]:
    record = await schedules.read(tenant, name)
    known = record.in_force
    if known is None or known.deleted:
        raise AntipodeError("schedule_not_found", f"no schedule is named {name!r}", field="name")
    return record, known


def view_schedule(record: ScheduleRecord, now: str, fires: int) -> dict[str, Json]:
    """Return a schedule as clients see it. `lag_seconds` is by how much the last fire was late."""
    setting = record.in_force
    assert setting is not None
    view: dict[str, Json] = {
        "name": setting.name,
        "cron": setting.cron,
        "time_zone": setting.time_zone,
        "agent": setting.agent,
        "input": setting.input,
        "lane": setting.lane,
        "tags": setting.tags,
        "overlap": setting.overlap,
        "catch_up": {"all": setting.catch_up} if isinstance(setting.catch_up, int) else setting.catch_up,
        "paused": setting.paused,
        "home_region": setting.region,
        "updated_at": setting.at,
        "updated_by": setting.by,
        "next_fires": list(next_fires(setting, max(record.seen_to, now), fires)),
        "last_fires": [_view_fire(fire) for fire in record.last],
    }
    lags = [seconds_between(fire.moment, fire.at) for fire in record.last if fire.outcome == FIRED]
    view |= {"lag_seconds": round(lags[0], 3)} if lags else {}
    return {name: value for name, value in view.items() if value is not None or name == "input"}


def _view_fire(fire: Fire) -> Json:
    view: dict[str, Json] = {"moment": fire.moment, "outcome": fire.outcome, "at": fire.at}
    more = {"job": fire.job, "detail": fire.detail}
    return view | {name: value for name, value in more.items() if value is not None}


def _timing(schedule: Schedule) -> tuple[str, str]:
    return schedule.cron, schedule.time_zone
