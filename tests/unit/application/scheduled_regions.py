"""Two Regions in memory that fire schedules: their settings and markers, and the use cases of process after process."""

from dataclasses import dataclass, field, replace
from typing import Any

from functions.adapters.memory_schedules import MemoryRounds, MemorySchedules
from functions.adapters.memory_standings import MemoryStandings
from functions.agents.session_redriving import session
from functions.application.fire_round import FireRound
from functions.application.fire_schedules import FireSchedules, Measure
from functions.application.keep_firing import KeepFiring
from functions.application.keep_sweeping import KeepSweeping
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.request_change import RequestChange
from functions.application.set_schedule import ScheduleRequest, SetSchedule, ShowSchedules
from functions.application.stand_in import FIRER, SWEEPER, Signs
from functions.domain.job.state import JobState
from functions.domain.schedule import ScheduleRecord, fire_job
from functions.sdk import AgentDefinition
from tests.unit.application.agents import Effects
from tests.unit.application.two_regions import TENANT, Fuse, Fused, Log, Region, replicate, two_regions

NAME = "report"
EVERY_MINUTE: dict[str, Any] = {"cron": "* * * * *", "agent": "walk", "input": {}}


@dataclass(slots=True)
class Measured:
    """What was measured."""

    lags: list[float] = field(default_factory=list)

    def __call__(self, metrics: dict[str, float], /, *, unit: str) -> None:
        """See Measure."""
        assert unit == "Seconds"
        self.lags.append(metrics["schedule_lag"])


@dataclass(slots=True)
class Scheduled:
    """Both Regions, with their schedules. What one writes, the other has after `link`."""

    east: Region
    west: Region
    schedules: dict[str, MemorySchedules]
    rounds: dict[str, MemoryRounds]
    measure: Measured = field(default_factory=Measured)
    log: Log = field(default_factory=Log)

    def firing(self, region: Region, fuse: Fuse | None = None) -> FireSchedules:
        """Return the use case, as a new process has it."""
        fuse = fuse or Fuse()
        measure: Measure = self.measure
        submit = region.submit_turn(fuse)
        return FireSchedules(
            schedules=Fused(self.schedules[region.name], fuse),
            peer=Fused(self.schedules[region.peer.name], fuse),
            history=submit.turns.history,
            submit=submit,
            change=RequestChange(
                history=submit.turns.history,
                send=region.send_arrival(fuse),
                clock=region.clock,
                entropy=region.entropy,
                region=region.name,
            ),
            clock=region.clock,
            region=region.name,
            peer_region=region.peer.name,
            say=self.log,
            measure=measure,
        )

    def keeping(self, region: Region, fence: Fence = UNFENCED) -> KeepFiring:
        """Return the loop."""
        firing = FireRound(
            schedules=self.firing(region),
            standings=MemoryStandings(region.table),
            clock=region.clock,
            region=region.name,
            peer_region=region.peer.name,
            adoption=True,
            signs=self.signs(region, FIRER),
            fence=fence,
        )
        sweeping = KeepSweeping(
            sweep=region.sweep_jobs(),
            adopt=region.adopt_jobs(),
            register=region.register,
            clock=region.clock,
            region=region.name,
            signs=self.signs(region, SWEEPER),
            firing=firing,
        )
        return KeepFiring(firing=firing, sweeping=sweeping, clock=region.clock)

    def signs(self, region: Region, loop: str) -> Signs:
        """Return the signs that a loop leaves."""
        return Signs(rounds=self.rounds[region.name], clock=region.clock, name=loop)

    def setting(self, region: Region) -> SetSchedule:
        """Return the use case."""
        return SetSchedule(
            schedules=self.schedules[region.name],
            peer=self.schedules[region.peer.name],
            agents=region.agents,
            lanes=region.lanes,
            clock=region.clock,
            region=region.name,
        )

    def showing(self, region: Region) -> ShowSchedules:
        """Return the use case."""
        return ShowSchedules(schedules=self.schedules[region.name], clock=region.clock)

    async def set(self, region: Region, name: str = NAME, **fields: Any) -> dict[str, Any]:
        """Write a schedule: by default it fires each minute."""
        asked = ScheduleRequest(tenant=TENANT, name=name, by="ann", **{**EVERY_MINUTE, **fields})
        return await self.setting(region).set(asked)

    async def fire(self, region: Region, fuse: Fuse | None = None, *, for_peer: bool = False) -> int:
        """Look once."""
        report = await self.firing(region, fuse).fire(for_peer=for_peer, ahead_seconds=5)
        return report.fired

    async def record(self, region: Region, name: str = NAME) -> ScheduleRecord:
        """Return what a replica holds."""
        return await self.schedules[region.name].read(TENANT, name)

    async def outcomes(self, region: Region, name: str = NAME) -> list[tuple[str, str]]:
        """Return (minute, outcome) of the last fires, earliest first."""
        return [(fire.moment[14:16], fire.outcome) for fire in reversed((await self.record(region, name)).last)]

    def jobs(self, region: Region) -> dict[str, JobState]:
        """Return the fired jobs that a replica holds, by their moments."""
        ids = {row.segment.job_id for row in region.table.segments.values()}
        states = [region.state(job) for job in ids]
        found = {str((state.job.tags or {}).get("scheduled_for")): state for state in states if state.job.tags}
        return dict(sorted(found.items()))

    def link(self) -> None:
        """Bring everything that either wrote to the other."""
        for source, target in ((self.east, self.west), (self.west, self.east)):
            replicate(source, target)
            mine, theirs = self.schedules[source.name], self.schedules[target.name]
            theirs.settings.update({key: each for key, each in mine.settings.items() if key[2] == source.name})
            theirs.markers.update({key: each for key, each in mine.markers.items() if key[2] == source.name})


def scheduled(*agents: AgentDefinition) -> Scheduled:
    """Return both Regions, with an agent `walk` of one step, and these."""
    east, west = two_regions(Effects().walker(1), session, *agents)
    return Scheduled(
        east,
        west,
        {each.name: MemorySchedules(each.table) for each in (east, west)},
        {each.name: MemoryRounds(each.table) for each in (east, west)},
    )


async def job_of(world: Scheduled, region: Region, moment: str) -> JobState:
    """Return the job of one fire."""
    setting = (await world.record(region)).in_force
    assert setting is not None
    return region.state(fire_job(replace(setting), moment))
