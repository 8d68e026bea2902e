"""A Region notices that it was lost: by its own silence or by its peer's verdict, and never because of a parting."""

import pytest

from functions.application.note_return import NoteReturn
from functions.domain.moments import add_seconds
from functions.domain.ownership.standing import Phase
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.two_regions import EAST, WEST, Log


def note_return(pair: Pair) -> NoteReturn:
    """The use case in the east."""
    return NoteReturn(
        standings=pair.standings[EAST],
        peer=pair.standings[WEST],
        clock=pair.east.clock,
        region=EAST,
        peer_region=WEST,
        stale_seconds=20.0,
    )


def beat(pair: Pair, seconds_ago: float) -> Heartbeat:
    return Heartbeat(EAST, add_seconds(pair.east.clock.now(), -seconds_ago), 7)


def verdict(pair: Pair, *, lost: bool, ago: float = 40.0) -> Verdict:
    since = add_seconds(pair.east.clock.now(), -ago)
    return Verdict(WEST, EAST, lost, since, since)


async def phase(pair: Pair) -> Phase | None:
    progress = (await pair.standings[EAST].read(EAST)).progress
    return None if progress is None else progress.phase


@pytest.mark.parametrize("lost", [True, False])
@in_virtual_time
async def test_a_region_whose_sentinel_had_stopped_asks_its_peer_whether_it_was_lost(lost: bool) -> None:
    pair = pair_of_regions()
    pair.west.table.verdicts[WEST] = verdict(pair, lost=lost)
    await note_return(pair).look(beat(pair, 60), Log())
    assert await phase(pair) is Phase.RETURNING


@in_virtual_time
async def test_a_sentinel_that_had_stopped_in_a_region_that_nobody_missed_changes_nothing() -> None:
    pair = pair_of_regions()
    await note_return(pair).look(beat(pair, 60), Log())
    await note_return(pair).look(None, Log())
    assert await phase(pair) is None


@in_virtual_time
async def test_a_region_that_was_cut_off_learns_it_from_its_peers_verdict() -> None:
    pair = pair_of_regions()
    for region in (pair.east, pair.west):
        region.table.verdicts[WEST] = verdict(pair, lost=True)
    await note_return(pair).look(beat(pair, 5), Log())
    assert await phase(pair) is Phase.RETURNING


@in_virtual_time
async def test_two_regions_that_held_each_other_for_lost_were_both_there_all_the_time() -> None:
    pair = pair_of_regions()
    for region in (pair.east, pair.west):
        region.table.verdicts[WEST] = verdict(pair, lost=True)
    since = add_seconds(pair.east.clock.now(), -5)
    pair.east.table.verdicts[EAST] = Verdict(EAST, WEST, False, since, since)
    await note_return(pair).look(beat(pair, 5), Log())
    assert await phase(pair) is None


@in_virtual_time
async def test_from_one_loss_a_region_returns_once() -> None:
    pair = pair_of_regions()
    pair.west.table.verdicts[WEST] = verdict(pair, lost=True)
    log = Log()
    for _ in range(3):
        await note_return(pair).look(beat(pair, 60), log)
    assert log.count("returning") == 1
