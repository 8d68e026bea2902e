"""Firing: one job a fire, whoever dies where, in one Region or in both, and what happens when jobs overlap."""

import asyncio
from typing import Any

import pytest

from functions.application.fire_schedules import FireSchedules
from functions.application.ports import StateUnavailable
from functions.domain.moments import add_seconds
from functions.domain.schedule import GRACE_SECONDS, ScheduleRecord
from functions.sdk import Context, agent
from tests.in_depth import every
from tests.simulation.virtual_time import in_virtual_time, pass_time, run_virtually
from tests.unit.application.agents import Nothing
from tests.unit.application.scheduled_regions import NAME, Scheduled, scheduled
from tests.unit.application.two_regions import Crash, Fuse, refuse_table
from tests.unit.domain.job.writing import at


def moments(world: Scheduled) -> list[str]:
    return list(world.jobs(world.east))


@in_virtual_time
async def test_a_fire_is_one_job_with_the_schedules_lane_input_and_tags() -> None:
    world = scheduled()
    await world.set(world.east, lane="batch", tags={"team": "legal"})
    assert await world.fire(world.east) == 0
    await pass_time(60)
    assert await world.fire(world.east) == 1
    assert await world.fire(world.east) == 0
    ((moment, state),) = world.jobs(world.east).items()
    assert (moment, state.job.agent, state.job.lane, state.job.session) == (at(60), "walk", "batch", None)
    assert state.job.tags == {"team": "legal", "schedule": NAME, "scheduled_for": at(60)}
    assert world.jobs(world.west) == world.jobs(world.east)  # the 202 of its submission: both Regions have it
    assert (await world.record(world.east)).seen_to == at(60)
    assert world.measure.lags == [0.0]


@pytest.mark.parametrize("overlap", ["skip", "queue", "replace"])
def test_wherever_the_process_dies_no_fire_is_left_out_or_doubled(overlap: str) -> None:
    async def dies_at(call: int, error: Any) -> bool:
        world = scheduled()
        await world.set(world.east, overlap=overlap)
        await world.east.work()
        await pass_time(60)
        fuse = Fuse(call, error)
        outcome = (await asyncio.gather(world.fire(world.east, fuse), return_exceptions=True))[0]
        assert not isinstance(outcome, Exception)
        await world.east.work()
        for _ in range(3):
            await pass_time(25)
            await world.fire(world.east)
            await world.east.work()
        if overlap != "skip":  # what a turn's session was not told is the sweeper's to find
            for _ in range(3):
                await pass_time(35)
                await world.east.sweep_jobs().sweep()
                await world.east.work()
        assert moments(world) == [at(60), at(120)], fuse.burned
        assert await world.outcomes(world.east) == [("01", "fired"), ("02", "fired")], fuse.burned
        first, last = (state.status for state in world.jobs(world.east).values())
        assert last == "succeeded", fuse.burned
        assert first in {"succeeded", "cancelled" if overlap == "replace" else "succeeded"}, fuse.burned
        return fuse.blown

    def no_answer() -> Exception:
        return StateUnavailable("no answer")

    for error, from_call in ((Crash, 0), (no_answer, 2)):
        call = from_call
        while run_virtually(dies_at(call, error)):
            call += every(3)
        assert call > 10


@in_virtual_time
async def test_both_regions_firing_the_same_moment_is_one_job() -> None:
    world = scheduled()
    await world.set(world.east)
    world.link()
    await pass_time(60)
    await asyncio.gather(world.fire(world.east), world.fire(world.west, for_peer=True))
    for _ in range(2):  # each has left it to the other: the sweeper finds that out
        world.link()
        await pass_time(35)
        for region in (world.east, world.west):
            await region.sweep_jobs().sweep()
            await region.work()
    world.link()
    assert moments(world) == [at(60)]
    ((_, state),) = world.jobs(world.east).items()
    assert state.status == "succeeded"


@in_virtual_time
async def test_only_the_region_that_wrote_the_settings_last_fires() -> None:
    world = scheduled()
    await world.set(world.east)
    world.link()
    await pass_time(60)
    assert await world.fire(world.west) == 0
    assert await world.fire(world.east) == 1
    await world.east.work()
    await pass_time(30)
    await world.set(world.west)
    world.link()
    await pass_time(30)
    assert (await world.fire(world.east), await world.fire(world.west)) == (0, 1)
    assert (await world.schedules[world.east.name].due(world.east.name, upto=at(9999))) == []
    assert moments(world) == [at(60), at(120)]


@in_virtual_time
async def test_the_other_region_takes_over_when_the_home_is_lost_and_gives_it_back() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    await world.fire(world.east)
    await world.east.work()
    world.link()
    refuse_table(world.east)  # it is lost
    await pass_time(85)
    west = world.firing(world.west)
    assert (await west.fire(for_peer=True, ahead_seconds=5)).fired == 1  # 12:02, while it was not held for lost yet
    for _ in range(3):
        await world.west.work()
        await pass_time(30)
        await west.fire(for_peer=True, ahead_seconds=5)
    await world.west.work()
    assert list(world.jobs(world.west)) == [at(60), at(120), at(180)]
    world.east.table.refusing = False
    await pass_time(10)
    world.link()
    assert await world.fire(world.west) == 0
    assert await world.fire(world.east) == 1
    world.link()
    assert list(world.jobs(world.west)) == moments(world) == [at(60), at(120), at(180), at(240)]


@in_virtual_time
async def test_a_home_that_comes_back_without_what_its_peer_fired_asks_the_peer() -> None:
    world = scheduled()
    await world.set(world.east, catch_up=50, overlap="queue")
    world.link()
    refuse_table(world.east)
    await pass_time(600)
    await world.fire(world.west, for_peer=True)
    fired = len(world.jobs(world.west))
    world.east.table.refusing = False  # its replica has nothing of all this yet
    await pass_time(1)
    assert await world.fire(world.east) == 0
    world.link()
    assert len(world.jobs(world.east)) == fired == 10


@in_virtual_time
async def test_a_fire_is_skipped_while_the_job_before_it_runs_and_that_can_be_seen() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    await world.fire(world.east)
    await pass_time(60)
    assert await world.fire(world.east) == 0
    await world.east.work()
    await pass_time(60)
    assert await world.fire(world.east) == 1
    assert await world.outcomes(world.east) == [("01", "fired"), ("02", "skipped"), ("03", "fired")]
    skipped = (await world.record(world.east)).last[1]
    assert skipped.detail is not None
    assert skipped.detail.endswith("had not ended")
    assert moments(world) == [at(60), at(180)]


class Held(Fuse):
    """Holds its process up before it writes the marker, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.go = asyncio.Event(), asyncio.Event()

    async def burn(self, what: str) -> None:
        """See Fuse."""
        if what == "before put_marker" and not self.go.is_set():
            self.held.set()
            await self.go.wait()
        await Fuse.burn(self, what)


class LetsGo(Fuse):
    """As soon as the fire's job is there, lets the other process go, and waits until that is through."""

    def __init__(self, held: Held, other: "asyncio.Task[int]") -> None:
        super().__init__()
        self.other_fuse, self.other = held, other

    async def burn(self, what: str) -> None:
        """See Fuse."""
        if what == "after append" and not self.other.done():
            self.other_fuse.go.set()
            await self.other
        await Fuse.burn(self, what)


@pytest.mark.parametrize(("written_down", "told"), [(True, "fired"), (False, "skipped")])
def test_what_one_process_has_decided_another_does_not_decide_otherwise(
    written_down: bool, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the decision being written down first, a fire would be told of as skipped although its job is there."""

    async def not_at_all(self: FireSchedules, record: ScheduleRecord, *_: object) -> ScheduleRecord:
        return record

    async def program() -> None:
        world = scheduled()
        await world.set(world.east)
        await pass_time(60)
        await world.fire(world.east)
        await pass_time(60)
        held = Held()
        slow = asyncio.create_task(world.fire(world.east, held))
        await held.held.wait()  # it has seen that the job before runs
        await world.east.work()
        await world.fire(world.east, LetsGo(held, slow))
        assert moments(world) == [at(60), at(120)]
        assert await world.outcomes(world.east) == [("01", "fired"), ("02", told)]

    if not written_down:
        monkeypatch.setattr(FireSchedules, "_decide", not_at_all)
    run_virtually(program())


@agent("long", version="1")
async def long(ctx: Context, wanted: Nothing) -> str:
    """Takes a minute and a half."""
    await ctx.sleep(90)
    return "done"


@pytest.mark.parametrize(("overlap", "first"), [("queue", "succeeded"), ("replace", "cancelled")])
def test_a_job_that_runs_into_the_next_fire_is_waited_for_or_ended(overlap: str, first: str) -> None:
    async def program() -> None:
        world = scheduled(long)
        await world.set(world.east, agent="long", cron="1,2 12 * * *", overlap=overlap)
        for _ in range(60):
            await pass_time(10)
            await world.fire(world.east)
            await world.east.sweep_jobs().sweep()
            for send in world.east.waiting():
                if send.delay_seconds == 0:
                    advance = world.east.advance_job()
                    await advance.advance(send.message, delivery=1, stop_at=world.east.clock.monotonic() + 1)
        (one, other) = world.jobs(world.east).values()
        assert (one.status, other.status) == (first, "succeeded")
        started = [item.event.at for item in other.history if item.event.kind == "attempt_started"]
        assert started[0] >= one.updated_at
        assert {state.job.session["name"] for state in (one, other) if state.job.session} == {f"schedule:{NAME}"}

    run_virtually(program())


@in_virtual_time
async def test_missed_fires_are_made_up_for_as_the_rule_says_and_the_rest_is_recorded() -> None:
    world = scheduled()
    await world.set(world.east, cron="0 * * * *", catch_up=1, overlap="queue")
    await pass_time(3 * 3600 + GRACE_SECONDS + 5)
    assert await world.fire(world.east) == 1
    assert [(fire.moment, fire.outcome) for fire in (await world.record(world.east)).last] == [
        (at(3 * 3600), "fired"),
        (at(2 * 3600), "missed"),
    ]
    assert world.measure.lags == [GRACE_SECONDS + 5]


@in_virtual_time
async def test_a_fire_that_cannot_be_submitted_is_recorded_with_its_reason_and_the_next_comes() -> None:
    world = scheduled()
    await world.set(world.east)
    agents, world.east.agents.agents = world.east.agents.agents, ()
    await pass_time(60)
    assert await world.fire(world.east) == 0
    refused = (await world.record(world.east)).last[0]
    assert (refused.outcome, refused.job) == ("refused", None)
    assert refused.detail is not None
    assert refused.detail.startswith("unknown_agent")
    world.east.agents.agents = agents
    await pass_time(60)
    assert await world.fire(world.east) == 1


@in_virtual_time
async def test_a_lane_that_refuses_is_tried_again_and_the_job_is_one() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    world.east.lanes.refusing = True
    assert await world.fire(world.east) == 0
    assert world.log.count("schedule_refused") == 1
    world.east.lanes.refusing = False
    assert await world.fire(world.east) == 1
    assert moments(world) == [at(60)]


@in_virtual_time
async def test_two_processes_of_one_region_fence_each_other() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    slow, quick = Fuse(gives_way=True), Fuse()
    await asyncio.gather(world.fire(world.east, slow), world.fire(world.east, quick))
    await world.east.work()
    await world.fire(world.east)
    assert await world.outcomes(world.east) == [("01", "fired")]
    assert moments(world) == [at(60)]


@in_virtual_time
async def test_a_paused_or_deleted_schedule_leaves_the_index_at_its_next_look() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    await world.fire(world.east)
    await world.east.work()
    await world.set(world.east, paused=True)
    await pass_time(600)
    assert await world.fire(world.east) == 0
    assert await world.schedules[world.east.name].due(world.east.name, upto=at(9999)) == []
    await world.set(world.east, paused=False)  # what it has missed meanwhile is not made up for
    await pass_time(60)
    await world.fire(world.east)
    assert moments(world) == [at(60), at(720)]


@in_virtual_time
async def test_the_cost_of_a_look_grows_with_what_is_due_and_not_with_all_schedules() -> None:
    async def calls(quiet: int) -> int:
        world = scheduled()
        for number in range(quiet):
            await world.set(world.east, f"yearly-{number}", cron="0 0 1 1 *")
        await world.set(world.east)
        await pass_time(60)
        fuse = Fuse()
        await world.fire(world.east, fuse)
        assert await world.outcomes(world.east) != []
        return len(fuse.burned)

    begun = await calls(0)
    assert await calls(150) == begun


@in_virtual_time
async def test_a_lost_peers_entries_are_read_once_by_a_process() -> None:
    world = scheduled()
    await world.set(world.east, cron="1 12 * * *")
    world.link()
    refuse_table(world.east)
    await pass_time(60)
    fuse = Fuse()
    west = world.firing(world.west, fuse)
    await west.fire(for_peer=True, ahead_seconds=5)
    read = fuse.burned.count("before read")
    await west.fire(for_peer=True, ahead_seconds=5)
    assert fuse.burned.count("before read") == read
    assert add_seconds(at(0), 60) in world.jobs(world.west)
