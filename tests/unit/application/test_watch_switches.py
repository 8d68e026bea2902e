"""What workers know of switches: read seldom, heeded within seconds, and no reason to lose or repeat anything."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_switches import MemorySwitches
from functions.application.ask_permit import PUT_OFF, PUT_OFF_SECONDS
from functions.application.run_attempt import LOOK_SECONDS
from functions.application.watch_switches import FRESH_SECONDS, WatchSwitches
from functions.domain.job.events import AttemptYielded
from functions.domain.limits import Limit
from functions.domain.switches import WHOLE_TENANT, Switch, scope_of
from functions.sdk import Context
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.agents import Diary
from tests.unit.application.fleet import Fleet
from tests.unit.application.stories import DAY, Work, begun, cancelled, careful, signalled
from tests.unit.application.two_regions import EAST, JOB, STALL_SECONDS, TENANT, Region


@dataclass
class SlowSwitches(MemorySwitches):
    """Switches that take a moment to read, and count how often."""

    reads: list[str] = field(default_factory=list)

    async def read_rules(self, tenant: str) -> tuple[Sequence[Switch], Sequence[Limit]]:
        self.reads.append(tenant)
        await pass_time(0.01)
        return await MemorySwitches.read_rules(self, tenant)


def watched() -> tuple[SlowSwitches, WatchSwitches]:
    switches = SlowSwitches(MemoryTable())
    return switches, WatchSwitches(switches=switches, clock=VirtualClock())


async def turn(region: Region, switches: MemorySwitches, *, paused: bool, scope: str = WHOLE_TENANT) -> None:
    at = region.clock.now()
    await switches.put(Switch(tenant=TENANT, scope=scope, region=EAST, paused=paused, at=at, by="ann"))


async def begun_watched(work: Work, *, paused: bool = False) -> tuple[Region, Fleet, SlowSwitches]:
    """Return a Region with a job whose workers heed switches."""
    switches, watch = watched()
    east, fleet = await begun(work)
    east.pauses = watch
    if paused:
        await turn(east, switches, paused=True)
    return east, fleet, switches


@in_virtual_time
async def test_a_batch_of_jobs_of_one_tenant_asks_once_and_again_only_after_five_seconds() -> None:
    switches, watch = watched()
    for _ in range(2):
        found = await asyncio.gather(*(watch.pausing(tenant, "probe") for tenant in ["acme"] * 10 + ["other"] * 10))
        assert found == [None] * 20
        assert sorted(switches.reads) == ["acme", "other"]
    await pass_time(FRESH_SECONDS)
    await asyncio.gather(*(watch.pausing("acme", agent) for agent in ("probe", "walk")))
    assert sorted(switches.reads) == ["acme", "acme", "other"]


@in_virtual_time
async def test_a_switch_is_known_after_five_seconds_at_the_latest() -> None:
    switches, watch = watched()
    assert await watch.pausing("acme", "probe") is None
    switch = Switch(tenant="acme", scope=scope_of("probe"), region=EAST, paused=True, at="1", by="ann")
    await switches.put(switch)
    await pass_time(FRESH_SECONDS)
    assert await watch.pausing("acme", "probe") == switch
    assert await watch.pausing("acme", "walk") is None


@in_virtual_time
async def test_a_table_that_refuses_leaves_paused_what_is_paused_and_running_what_runs() -> None:
    switches, watch = watched()
    switches.table.refusing = True
    assert await watch.pausing("acme", "probe") is None
    switches.table.refusing = False
    await switches.put(Switch(tenant="acme", scope=WHOLE_TENANT, region=EAST, paused=True, at="1", by="ann"))
    await pass_time(FRESH_SECONDS)
    assert await watch.pausing("acme", "probe") is not None
    switches.table.refusing = True
    await pass_time(FRESH_SECONDS)
    assert await watch.pausing("acme", "probe") is not None


@in_virtual_time
async def test_one_who_gives_up_asking_does_not_keep_the_others_from_it() -> None:
    switches, watch = watched()
    first = asyncio.create_task(watch.pausing("acme", "probe"))
    await pass_time(0)
    second = asyncio.create_task(watch.pausing("acme", "probe"))
    await pass_time(0)
    first.cancel()
    assert await second is None
    assert switches.reads == ["acme", "acme"]


@in_virtual_time
async def test_a_job_of_a_paused_tenant_is_looked_at_once_a_minute_and_runs_within_one_of_its_being_resumed() -> None:
    east, fleet, switches = await begun_watched(lambda ctx: ctx.sleep(0), paused=True)
    await fleet.pass_time(599)
    assert fleet.reasons() == ["submitted"] + [PUT_OFF] * 11  # each after 54 s: chance says 0.5 here
    assert [item.event.kind for item in east.state(JOB).history] == ["submitted"]
    await turn(east, switches, paused=False)
    await fleet.finish()
    assert 599 < fleet.now <= 599 + PUT_OFF_SECONDS + FRESH_SECONDS


@in_virtual_time
async def test_more_hints_for_a_job_that_is_put_off_do_not_beget_more() -> None:
    east, fleet, _ = await begun_watched(lambda ctx: ctx.signal("go", timeout=DAY), paused=True)
    (send,) = east.waiting()
    for _ in range(5):
        await east.lanes.send([send])
        await fleet.pass_time(1)
    await fleet.pass_time(590)
    assert fleet.reasons() == ["submitted"] * 5 + [PUT_OFF] * 11


@in_virtual_time
async def test_a_lost_hint_of_a_job_that_is_put_off_is_made_up_for_by_the_sweeper() -> None:
    east, fleet, switches = await begun_watched(lambda ctx: ctx.sleep(0), paused=True)
    await fleet.rest()
    fleet.lose_hints()
    await turn(east, switches, paused=False)
    await fleet.finish()
    assert fleet.now <= PUT_OFF_SECONDS + STALL_SECONDS + 10


@in_virtual_time
async def test_running_work_stops_at_its_next_step_within_seconds_and_goes_on_where_it_was() -> None:
    diary = Diary()

    async def work(ctx: Context) -> object:
        return [await ctx.tool(diary.write, f"step {number}", 1) for number in range(40)]

    east, fleet, switches = await begun_watched(work)
    await fleet.until(lambda: fleet.now >= 10)
    await turn(east, switches, paused=True, scope=scope_of("work"))
    await fleet.until(lambda: not fleet.busy)
    assert fleet.now <= 10 + FRESH_SECONDS + LOOK_SECONDS + 2
    yielded = [item.event for item in east.state(JOB).history if isinstance(item.event, AttemptYielded)]
    assert [event.reason for event in yielded] == ["paused"]
    done = len(diary.entries)
    await fleet.pass_time(600)
    assert len(diary.entries) == done
    await turn(east, switches, paused=False, scope=scope_of("work"))
    await fleet.finish()
    assert (len(diary.entries), len(set(diary.entries))) == (40, 40)


@in_virtual_time
async def test_another_agents_switch_stops_nothing() -> None:
    east, fleet, switches = await begun_watched(lambda ctx: ctx.sleep(0))
    await turn(east, switches, paused=True, scope=scope_of("other"))
    await fleet.finish()
    assert fleet.reasons() == ["submitted"]


@in_virtual_time
async def test_a_job_of_a_paused_tenant_can_be_cancelled_and_undoes_its_work() -> None:
    diary = Diary()
    east, fleet, switches = await begun_watched(careful(diary))
    await fleet.rest()
    await turn(east, switches, paused=True)
    await fleet.pass_time(FRESH_SECONDS)
    await cancelled(east)
    await fleet.finish()
    assert (east.state(JOB).status, diary.entries) == ("cancelled", ["book", "undo 1", "undo 2"])


@in_virtual_time
async def test_what_arrives_while_the_tenant_is_paused_is_taken_in_afterwards() -> None:
    east, fleet, switches = await begun_watched(lambda ctx: ctx.signal("go", timeout=DAY))
    await fleet.rest()
    await turn(east, switches, paused=True)
    await fleet.pass_time(FRESH_SECONDS)
    await signalled(east, "go/1", "heard")
    await fleet.pass_time(600)
    assert east.state(JOB).status == "waiting"
    await turn(east, switches, paused=False)
    await fleet.finish()
    assert (east.state(JOB).result, fleet.now < 600 + 2 * PUT_OFF_SECONDS) == ("heard", True)
