"""The sentinel's part in the leases: it renews its own, takes a lost peer's that has run out, lets go of it."""

from functions.adapters.memory import MemoryProbe
from functions.application.watch_regions import WatchRegions
from functions.domain.ownership.lease import Phase
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.leased_regions import Sentinels
from tests.unit.application.two_regions import EAST, WEST, refuse_table, two_regions


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


@in_virtual_time
async def test_a_region_that_cannot_write_its_heartbeat_renews_no_lease() -> None:
    sentinels = Sentinels()
    east, _ = two_regions()
    watch = WatchRegions(
        register=east.register,
        probe=MemoryProbe(),
        clock=east.clock,
        region=EAST,
        peer_region=WEST,
        heartbeat_seconds=5.0,
        stale_seconds=20.0,
        leases=sentinels.keepers[EAST],
    )
    await watch.run(12, sentinels.log)
    renewed = sentinels.control.rows[EAST].renewal
    assert renewed > 1
    refuse_table(east)
    await watch.run(12, sentinels.log)
    assert sentinels.control.rows[EAST].renewal == renewed
