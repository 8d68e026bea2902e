"""A lease comes back when both Regions have told each other which jobs they took over."""

from dataclasses import replace

import pytest

from functions.application.lease_ports import LeasesUnavailable
from functions.application.ports import StateUnavailable
from functions.domain.job.events import JobAdopted
from functions.domain.ownership.lease import Phase
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.evacuated_regions import pair_of_regions
from tests.unit.application.leased_regions import RUN_OUT, Sentinels, return_leases
from tests.unit.application.two_regions import EAST, JOB, WEST, Log, Region, refuse_table, submitted, two_regions


async def adopted_by_west() -> tuple[Sentinels, Region, Region]:
    """A job of the east was taken over by the west, which holds the east's lease; the east does not know of it yet."""
    sentinels = Sentinels()
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    await sentinels.taken_by_west()
    await west.adopt_jobs().adopt()
    assert (east.state(JOB).owner_region, west.state(JOB).owner_region) == (EAST, WEST)
    return sentinels, east, west


async def returned(sentinels: Sentinels, east: Region, west: Region, log: Log) -> None:
    """The east is back: sentinels and sweepers of both work for a minute."""
    sweepers = [return_leases(sentinels.control, region) for region in (east, west)]
    for _ in range(12):
        await sentinels.rounds(EAST, WEST)
        for sweeper in sweepers:
            await sweeper.round(log)


@in_virtual_time
async def test_a_region_gets_its_lease_back_with_the_word_of_every_job_that_was_taken_over() -> None:
    sentinels, east, west = await adopted_by_west()
    log = Log()
    await returned(sentinels, east, west, log)
    assert sentinels.control.shows(EAST) == (EAST, 3, Phase.HELD)
    assert east.state(JOB).owner_region == WEST
    assert east.segments(JOB) == west.segments(JOB)
    assert east.table.segments[JOB, 2, WEST, 0].due == west.table.segments[JOB, 2, WEST, 0].due
    assert (log.count("caught_up"), log.count("lease_given_back")) == (1, 1)


@in_virtual_time
async def test_a_region_that_took_over_jobs_itself_tells_them_before_it_gets_its_lease_back() -> None:
    """The west took the job over and was lost; the east, back on its own, does not know of that yet."""
    sentinels, east, west = await adopted_by_west()
    await sentinels.rounds(EAST, lost=True, count=12)
    assert [sentinels.control.shows(region)[0] for region in (EAST, WEST)] == [EAST, EAST]
    await returned(sentinels, east, west, Log())
    assert [sentinels.control.shows(region)[0] for region in (EAST, WEST)] == [EAST, WEST]
    assert east.state(JOB).owner_region == WEST
    assert all(lease.apart_since is None for lease in sentinels.control.rows.values())


@in_virtual_time
async def test_nothing_is_given_back_while_the_peer_cannot_be_told() -> None:
    sentinels, east, west = await adopted_by_west()
    refuse_table(east)
    sweeper = return_leases(sentinels.control, west)
    lease = sentinels.control.rows[EAST]
    sentinels.control.rows[EAST] = lease.with_catching_up().in_phase(Phase.RETURNING)
    await sweeper.round(Log())
    await pass_time(RUN_OUT)
    with pytest.raises(StateUnavailable):
        await sweeper.round(Log())
    assert sentinels.control.shows(EAST)[0] == WEST


@in_virtual_time
async def test_nothing_is_told_before_what_was_under_way_is_over() -> None:
    sentinels, east, west = await adopted_by_west()
    log = Log()
    for region in (east, west):
        await return_leases(sentinels.control, region).round(log)
    assert (log.said, sentinels.control.shows(EAST)) == ([], (WEST, 2, Phase.HELD))


@in_virtual_time
async def test_another_history_of_ones_own_at_the_peer_keeps_no_lease_from_coming_back() -> None:
    sentinels, east, west = await adopted_by_west()
    (opening,) = (segment for segment in west.segments(JOB) if segment.epoch == 2)
    adopted = opening.events[0]
    assert isinstance(adopted, JobAdopted)
    other = replace(opening, events=(replace(adopted, reason="of before it was lost"),))
    east.put(other)
    await returned(sentinels, east, west, Log())
    assert sentinels.control.shows(EAST)[0] == EAST


@in_virtual_time
async def test_a_control_table_that_refuses_is_a_table_that_refuses() -> None:
    sentinels, east, _ = await adopted_by_west()
    sentinels.control.refusing = True
    with pytest.raises(LeasesUnavailable):
        await return_leases(sentinels.control, east).round(Log())


@pytest.mark.parametrize("leaves", [True, False])
def test_a_region_that_was_told_to_go_does_not_ask_for_its_lease_back(leaves: bool) -> None:
    @in_virtual_time
    async def program() -> None:
        sentinels = Sentinels()
        pair = pair_of_regions(Effects().walker(1))
        await sentinels.taken_by_west()
        if leaves:
            await pair.tell(EAST, away=True)
        asks = return_leases(sentinels.control, pair.east)
        asks.outlook = pair.watch(pair.east)
        await asks.round(Log())
        await pass_time(RUN_OUT)
        await asks.round(Log())
        assert sentinels.control.rows[EAST].caught_up is not leaves

    program()
