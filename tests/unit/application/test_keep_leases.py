"""The sentinel's part in the leases: it renews its own, takes a lost peer's that has run out, lets go of it."""

import pytest

from functions.adapters.memory import MemoryProbe, MemoryTable
from functions.adapters.memory_standings import MemoryStandings
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.watch_regions import WatchRegions
from functions.domain.ownership import standing
from functions.domain.ownership.lease import Lease, Phase
from functions.domain.ownership.standing import Order, Progress
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.leased_regions import Sentinels, heed
from tests.unit.application.two_regions import EAST, WEST, Region, refuse_table, two_regions
from tests.unit.domain.job.writing import NOON


@in_virtual_time
async def test_each_region_makes_its_lease_and_renews_it() -> None:
    sentinels = Sentinels()
    await sentinels.rounds(EAST, WEST, count=3)
    assert sentinels.control.shows(EAST) == (EAST, 1, Phase.HELD)
    assert sentinels.control.rows[EAST].renewal == 3
    assert sentinels.log.count("lease_changed") == 2


@in_virtual_time
async def test_a_peer_that_renews_keeps_its_lease_whatever_is_held_of_it() -> None:
    sentinels = Sentinels()
    await sentinels.rounds(EAST, WEST, lost=True, count=12)
    assert [sentinels.control.shows(region)[0] for region in (EAST, WEST)] == [EAST, WEST]


@in_virtual_time
async def test_a_silent_peer_that_is_not_lost_keeps_its_lease() -> None:
    sentinels = Sentinels()
    await sentinels.rounds(EAST, WEST)
    await sentinels.rounds(WEST, count=12)
    assert sentinels.control.shows(EAST)[0] == EAST


@in_virtual_time
async def test_a_lost_peers_lease_is_taken_when_it_has_run_out_and_counts_when_what_was_read_of_it_has() -> None:
    sentinels = Sentinels()
    await sentinels.rounds(EAST, WEST)
    seen = []
    for _ in range(6):
        await sentinels.rounds(WEST, lost=True)
        seen.append(sentinels.control.shows(EAST)[::2])
    held, taken, settled = (EAST, Phase.HELD), (WEST, Phase.TAKEN), (WEST, Phase.HELD)
    assert seen == [held, taken, taken, taken, settled, settled]


@in_virtual_time
async def test_a_sentinel_that_begins_anew_counts_anew() -> None:
    first = Sentinels()
    await first.rounds(EAST, WEST)
    await first.rounds(WEST, lost=True)
    await pass_time(60)
    second = Sentinels(first.control)
    await second.rounds(WEST, lost=True)
    assert first.control.shows(EAST)[0] == EAST
    await second.rounds(WEST, lost=True, count=2)
    assert first.control.shows(EAST)[0] == WEST


@in_virtual_time
async def test_a_control_table_that_refuses_is_said_to_the_log_and_tried_again() -> None:
    sentinels = Sentinels()
    sentinels.control.refusing = True
    await sentinels.rounds(EAST)
    assert sentinels.log.count("leases_refused") == 1
    sentinels.control.refusing = False
    await sentinels.rounds(EAST)
    assert sentinels.control.shows(EAST) == (EAST, 1, Phase.HELD)


@in_virtual_time
async def test_both_regions_go_on_when_the_one_that_has_taken_over_is_lost_before_it_has_given_back() -> None:
    sentinels = Sentinels()
    await sentinels.taken_by_west()
    await sentinels.rounds(EAST, lost=True, count=12)
    assert sentinels.control.shows(WEST) == (EAST, 2, Phase.HELD)
    assert sentinels.control.shows(EAST) == (EAST, 3, Phase.HELD)
    assert sentinels.control.rows[EAST].apart_since is not None


def watching(east: Region, sentinels: Sentinels, fence: Fence = UNFENCED) -> WatchRegions:
    """Return the east's sentinel, which keeps its leases."""
    return WatchRegions(
        register=east.register,
        probe=MemoryProbe(),
        clock=east.clock,
        region=EAST,
        peer_region=WEST,
        heartbeat_seconds=5.0,
        stale_seconds=20.0,
        leases=sentinels.keepers[EAST],
        fence=fence,
    )


@in_virtual_time
async def test_a_region_that_cannot_write_its_heartbeat_renews_no_lease() -> None:
    sentinels = Sentinels()
    east, _ = two_regions()
    watch = watching(east, sentinels)
    await watch.run(12, sentinels.log)
    renewed = sentinels.control.rows[EAST].renewal
    assert renewed > 1
    refuse_table(east)
    await watch.run(12, sentinels.log)
    assert sentinels.control.rows[EAST].renewal == renewed


async def with_an_evacuated_east(phase: standing.Phase = standing.Phase.EVACUATED) -> Sentinels:
    """Both Regions hold their leases, and the east, which was told to go, has come so far with it."""
    sentinels = Sentinels()
    await sentinels.rounds(EAST, WEST)
    standings = MemoryStandings(MemoryTable())
    await standings.put_order(Order(subject=EAST, region=WEST, away=True, at=NOON, by="ann"))
    await standings.put_progress(Progress(region=EAST, phase=phase, since=NOON, answers=NOON))
    sentinels.keepers[EAST].standings = standings
    return sentinels


@in_virtual_time
async def test_an_evacuated_region_leaves_its_lease_to_its_peer_which_waits_as_if_it_had_taken_it() -> None:
    sentinels = await with_an_evacuated_east()
    seen = []
    for _ in range(5):
        await sentinels.rounds(EAST, WEST)
        seen.append(sentinels.control.shows(EAST))
    taken, held = (WEST, 2, Phase.TAKEN), (WEST, 2, Phase.HELD)
    assert seen == [taken, taken, held, held, held]
    assert sentinels.control.rows[EAST].apart_since is not None


@in_virtual_time
async def test_a_region_that_still_hands_jobs_over_keeps_its_lease() -> None:
    sentinels = await with_an_evacuated_east(standing.Phase.EVACUATING)
    await sentinels.rounds(EAST, WEST, count=5)
    assert sentinels.control.shows(EAST) == (EAST, 1, Phase.HELD)


@in_virtual_time
async def test_an_evacuated_region_whose_peer_does_not_hold_its_own_lease_keeps_its_own() -> None:
    sentinels = await with_an_evacuated_east()
    sentinels.control.rows[WEST] = Lease(WEST, EAST, 2, 2)
    await sentinels.rounds(EAST, count=5)
    assert sentinels.control.shows(EAST)[0] == EAST


@in_virtual_time
async def test_an_evacuated_region_takes_its_lease_back_when_its_peer_is_lost() -> None:
    sentinels = await with_an_evacuated_east()
    await sentinels.rounds(EAST, WEST, count=4)
    await sentinels.rounds(EAST, lost=True, count=12)
    assert [sentinels.control.shows(region)[::2] for region in (EAST, WEST)] == [(EAST, Phase.HELD)] * 2


@pytest.mark.parametrize("fenced", [True, False])
def test_a_sentinel_says_with_its_heartbeat_whether_its_region_is_fenced(fenced: bool) -> None:
    @in_virtual_time
    async def program() -> None:
        sentinels = Sentinels()
        east, _ = two_regions()
        if fenced:
            sentinels.control.rows[EAST] = Lease(EAST, WEST, 2, 2)
        watch = watching(east, sentinels, fence=heed(sentinels.control))
        await watch.run(12, sentinels.log)
        assert east.table.beats[EAST].fenced is fenced
        await watch.run(1, sentinels.log)  # another minute's, which does not know yet
        assert east.table.beats[EAST].fenced is fenced

    program()
