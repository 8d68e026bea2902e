"""How a Region stands: from what people said, its own account, and its verdict on the peer."""

import pytest

from functions.domain.moments import add_seconds, seconds_between
from functions.domain.ownership.standing import (
    Order,
    Phase,
    Progress,
    RegionNotes,
    gives_way,
    lost_since,
    may_go,
    phase_of,
    returned_by_loss,
    settled,
    view_standing,
)
from functions.domain.ownership.verdict import HOLD_SECONDS, LONGEST_HOLD_SECONDS, Verdict

EAST, WEST = "us-east-1", "us-west-2"
NOON = "2026-11-21T12:00:00.000Z"


def at(seconds: float) -> str:
    return add_seconds(NOON, seconds)


def told(subject: str, seconds: float = 0, *, away: bool = True, by: str = WEST) -> Order:
    return Order(subject=subject, region=by, away=away, at=at(seconds), by="ann")


def account(phase: Phase, answers: str | None = None, **more: object) -> Progress:
    return Progress(region=EAST, phase=phase, since=NOON, answers=answers, **more)  # type: ignore[arg-type]


def east(*orders: Order, progress: Progress | None = None, lost: bool = False) -> RegionNotes:
    verdict = Verdict(EAST, WEST, lost, NOON, NOON if lost else None)
    return RegionNotes(region=EAST, orders=orders, progress=progress, verdict=verdict)


@pytest.mark.parametrize(
    ("notes", "phase"),
    [
        (RegionNotes(region=EAST), Phase.ACTIVE),
        (east(told(EAST)), Phase.EVACUATING),
        (east(told(EAST), progress=account(Phase.EVACUATING, at(0))), Phase.EVACUATING),
        (east(told(EAST), progress=account(Phase.EVACUATED, at(0))), Phase.EVACUATED),
        (east(told(EAST, 5), progress=account(Phase.EVACUATED, at(0))), Phase.EVACUATING),
        (east(told(EAST), progress=account(Phase.ACTIVE, at(0))), Phase.ACTIVE),
        (east(told(EAST), told(EAST, 9, away=False, by=EAST), progress=account(Phase.EVACUATED)), Phase.RETURNING),
        (east(told(EAST), told(EAST, 9, away=False, by=EAST)), Phase.ACTIVE),
        (east(progress=account(Phase.RETURNING)), Phase.RETURNING),
        (east(told(EAST, 9), told(EAST, away=False, by=EAST)), Phase.EVACUATING),
    ],
)
def test_the_last_word_counts_and_the_account_says_how_far_it_was_obeyed(notes: RegionNotes, phase: Phase) -> None:
    assert phase_of(notes) is phase


@pytest.mark.parametrize("progress", [None, account(Phase.RETURNING), account(Phase.EVACUATED, NOON)])
def test_the_last_region_that_is_there_works_whatever_it_was_told(progress: Progress | None) -> None:
    assert phase_of(east(told(EAST), progress=progress, lost=True)) is Phase.ACTIVE


def test_only_a_region_whose_peer_works_may_go() -> None:
    west = RegionNotes(region=WEST)
    assert may_go(east(), west) is None
    for subject, peer in (
        (east(), RegionNotes(region=WEST, orders=(told(WEST),))),
        (east(lost=True), west),
        (east(), RegionNotes(region=WEST, progress=Progress(region=WEST, phase=Phase.RETURNING, since=NOON))),
    ):
        assert "last Region that works" in str(may_go(subject, peer))


def test_of_two_that_were_told_to_go_at_once_the_later_one_stays() -> None:
    first, second = east(told(EAST, 1)), RegionNotes(region=WEST, orders=(told(WEST, 2),))
    assert (gives_way(first, second), gives_way(second, first)) == (False, True)
    same = RegionNotes(region=WEST, orders=(told(WEST, 1),))
    assert {gives_way(first, same), gives_way(same, first)} == {False, True}
    assert not gives_way(first, RegionNotes(region=WEST))


def lost(seconds: float, *, still: bool = True) -> RegionNotes:
    since = at(seconds) if still else at(seconds + 60)
    return RegionNotes(region=WEST, verdict=Verdict(WEST, EAST, still, since, at(seconds)))


def test_a_region_comes_back_from_each_loss_once() -> None:
    assert lost_since(None, lost(10), silent=True, apart=False) == at(10)
    known = returned_by_loss(EAST, None, at(10), at(90))
    assert lost_since(known, lost(10), silent=True, apart=False) is None
    assert lost_since(settled(known, at(100)), lost(10, still=False), silent=True, apart=False) is None
    assert lost_since(settled(known, at(100)), lost(200), silent=False, apart=False) == at(200)


def test_a_region_that_was_well_and_held_the_other_for_lost_was_not_away() -> None:
    assert lost_since(None, lost(10), silent=False, apart=True) is None
    assert lost_since(None, lost(10, still=False), silent=False, apart=False) is None
    assert lost_since(None, lost(10, still=False), silent=True, apart=True) == at(10)
    assert lost_since(None, RegionNotes(region=WEST), silent=True, apart=False) is None


def test_a_flapping_region_stays_away_longer_each_time_and_within_bounds() -> None:
    known: Progress | None = None
    held = []
    for number in range(8):
        known = returned_by_loss(EAST, known, at(number * 300), at(number * 300 + 60))
        until = known.until or ""
        held.append(round((len(until) and _seconds(at(number * 300 + 60), until)) or 0))
        known = settled(known, at(number * 300 + 70))
    assert held == [0, 60, 120, 240, 480, 960, 960, 960]
    assert (HOLD_SECONDS, LONGEST_HOLD_SECONDS) == (60.0, 960.0)
    assert len(returned_by_loss(EAST, known, at(7200), at(7260)).losses) == 1


def _seconds(start: str, end: str) -> float:

    return seconds_between(start, end)


def test_clients_see_the_phase_who_ordered_it_and_how_far_it_is() -> None:
    notes = east(told(EAST), progress=account(Phase.EVACUATING, at(0), left=3, running=1, handed_over=5))
    assert view_standing(notes) == {
        "phase": "evacuating",
        "told": {"away": True, "at": NOON, "by": "ann", "reason": None},
        "since": NOON,
        "left": 3,
        "running": 1,
        "handing": 0,
        "handed_over": 5,
    }
    flapping = returned_by_loss(EAST, returned_by_loss(EAST, None, at(0), at(1)), at(300), at(360))
    view = view_standing(east(progress=flapping))
    assert (view["phase"], view["lost_within_the_hour"], view["until"]) == ("returning", 2, at(420))
    assert view_standing(RegionNotes(region=EAST)) == {"phase": "active"}
