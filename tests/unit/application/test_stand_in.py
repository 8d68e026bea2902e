"""The two loops look after each other: a fire, too, is late by a quarter of a minute and not by a whole one."""

import pytest

from functions.application.keep_sweeping import PAUSE_SECONDS
from functions.application.stand_in import FIRER, SIGN_SECONDS, SILENT_SECONDS, SWEEPER
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.scheduled_regions import scheduled
from tests.unit.application.two_regions import Log, refuse_table
from tests.unit.domain.job.writing import at


@in_virtual_time
async def test_while_nothing_is_heard_of_what_fires_the_sweeper_does_at_the_very_moments() -> None:
    world, log = scheduled(), Log()
    await world.set(world.east, overlap="queue")
    await world.signs(world.east, FIRER).leave()  # and then its process died
    await world.keeping(world.east).sweeping.run(130, log)
    assert list(world.jobs(world.east)) == [at(60), at(120)]
    assert world.measure.lags == pytest.approx([0.0, 0.0], abs=0.001)
    assert log.count("standing_in") > 10


@in_virtual_time
async def test_a_fire_is_late_by_no_more_than_the_silence_that_is_borne_and_a_round() -> None:
    world, log = scheduled(), Log()
    await world.set(world.east)
    await pass_time(59)
    await world.signs(world.east, FIRER).leave()
    await world.keeping(world.east).sweeping.run(60, log)
    assert list(world.jobs(world.east)) == [at(60)]
    assert world.measure.lags[0] <= SILENT_SECONDS + PAUSE_SECONDS


@in_virtual_time
async def test_without_a_stand_in_nothing_fires_until_the_next_start() -> None:
    world = scheduled()
    await world.set(world.east)
    sweeping = world.keeping(world.east).sweeping
    await type(sweeping)(**{name: getattr(sweeping, name) for name in sweeping.__slots__ if name != "firing"}).run(
        130, Log()
    )
    assert not world.jobs(world.east)


@in_virtual_time
async def test_of_two_loops_that_are_well_none_stands_in_for_the_other() -> None:
    world, log = scheduled(), Log()
    await world.set(world.east)
    for loop in (FIRER, SWEEPER):
        await world.signs(world.east, loop).leave()
    for _ in range(4):
        await world.keeping(world.east).run(PAUSE_SECONDS, log)
        await world.keeping(world.east).sweeping.run(1, log)
    assert log.count("standing_in") == 0


@in_virtual_time
async def test_rounds_that_follow_each_other_closely_leave_one_sign() -> None:
    world = scheduled()
    signs, rounds = world.signs(world.east, FIRER), world.rounds[world.east.name]
    await signs.leave()
    await pass_time(SIGN_SECONDS - 0.1)
    await signs.leave()
    assert await rounds.last(FIRER) == at(0)
    await pass_time(0.1)
    await signs.leave()
    assert await rounds.last(FIRER) == at(SIGN_SECONDS)


@in_virtual_time
async def test_where_the_table_refuses_nobody_stands_in_and_no_sign_is_taken_for_left() -> None:
    world, log = scheduled(), Log()
    signs = world.signs(world.east, FIRER)
    refuse_table(world.east)
    await signs.leave()
    assert not await signs.are_missing(log)
    world.east.table.refusing = False
    assert await signs.are_missing(log)
    await signs.leave()
    assert not await signs.are_missing(log)
