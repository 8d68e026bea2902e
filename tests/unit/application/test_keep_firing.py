"""The loop that fires: it wakes at each fire's moment, and for the peer only while that is lost."""

import pytest

from functions.application.fire_round import PAUSE_SECONDS
from functions.application.stand_in import SILENT_SECONDS, SWEEPER
from functions.domain.ownership.verdict import Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.scheduled_regions import scheduled
from tests.unit.application.two_regions import STALL_SECONDS, Log, refuse_table, request
from tests.unit.domain.job.writing import NOON, at


@in_virtual_time
async def test_it_fires_at_the_very_moment_and_ends_in_time() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(7.3)
    log = Log()
    await world.keeping(world.east).run(62, log)
    assert list(world.jobs(world.east)) == [at(60)]
    assert world.measure.lags == pytest.approx([0.0], abs=0.001)
    assert 7.3 + 62 - PAUSE_SECONDS <= world.east.clock.monotonic() <= 7.3 + 62


@in_virtual_time
async def test_a_schedule_that_is_new_is_seen_within_a_few_seconds() -> None:
    world = scheduled()
    keeping = world.keeping(world.east)
    await keeping.run(2, Log())
    await pass_time(56)
    await world.set(world.east)
    await keeping.run(8, Log())
    assert list(world.jobs(world.east)) == [at(60)]


@pytest.mark.parametrize("lost", [True, False])
def test_the_peers_schedules_are_fired_only_while_it_is_held_for_lost(lost: bool) -> None:
    @in_virtual_time
    async def program() -> None:
        world = scheduled()
        await world.set(world.east)
        await world.west.register.put_verdict(Verdict(world.west.name, world.east.name, lost, NOON))
        await world.keeping(world.west).run(62, Log())
        assert len(world.jobs(world.west)) == int(lost)
        assert world.measure.lags == pytest.approx([0.0] * lost, abs=0.001)

    program()


@in_virtual_time
async def test_a_table_that_refuses_is_said_to_the_log_and_tried_again() -> None:
    world = scheduled()
    await world.set(world.east)
    log = Log()
    refuse_table(world.east)
    await world.keeping(world.east).run(11, log)
    assert log.count("firing_refused") == 3


@in_virtual_time
async def test_it_sweeps_while_the_sweeper_is_silent_and_leaves_it_alone_otherwise() -> None:
    world = scheduled()
    await world.east.submit_job().submit(request("walk", input={}))
    world.east.waiting()
    await pass_time(STALL_SECONDS)
    keeping, log = world.keeping(world.east), Log()
    await world.rounds[world.east.name].note(SWEEPER, world.east.clock.now())
    await keeping.run(SILENT_SECONDS, log)
    assert (log.count("standing_in"), world.east.waiting()) == (0, [])
    await pass_time(PAUSE_SECONDS)
    await keeping.run(1, log)
    assert log.count("standing_in") == 1
    assert len(world.east.waiting()) == 1
    await keeping.run(SILENT_SECONDS - PAUSE_SECONDS, log)  # it has noted its own round
    assert log.count("standing_in") == 1
