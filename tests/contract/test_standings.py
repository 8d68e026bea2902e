"""How the Regions stand: orders of both Regions about each, the Region's own account, and its verdict, in one read."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.ownership.standing import Order, Phase, Progress, RegionNotes
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

ORDER = Order(subject=EAST, region=WEST, away=True, at=NOON, by="ann", reason="its lanes are stuck")
LATER = replace(ORDER, at="2026-11-21T12:00:00.001Z", away=False, reason=None)
PROGRESS = Progress(
    region=EAST,
    phase=Phase.EVACUATING,
    since=NOON,
    answers=NOON,
    left=3,
    running=2,
    handing=1,
    handed_over=7,
    losses=(NOON, LATER.at),
    settled=NOON,
    until=LATER.at,
    waits_for="two jobs",
)


def notes(state: State) -> RegionNotes:
    return asyncio.run(state.standings.read(EAST))


class TestStandings:
    def test_of_a_region_of_which_nothing_was_said_nothing_is_known(self, state: State) -> None:
        assert notes(state) == RegionNotes(region=EAST)

    @pytest.mark.parametrize("fenced", [True, False])
    def test_a_region_that_is_fenced_says_so_with_its_heartbeat(self, state: State, fenced: bool) -> None:
        asyncio.run(state.register.beat(Heartbeat(EAST, NOON, 1, fenced)))
        assert notes(state) == RegionNotes(region=EAST, fenced=fenced)

    def test_the_orders_of_both_regions_lie_beside_each_other(self, state: State) -> None:
        for order in (ORDER, replace(LATER, region=EAST), replace(ORDER, subject=WEST)):
            asyncio.run(state.standings.put_order(order))
        assert notes(state).orders == (replace(LATER, region=EAST), ORDER)
        assert notes(state).order == replace(LATER, region=EAST)

    def test_an_earlier_order_that_arrives_late_changes_nothing(self, state: State) -> None:
        for order in (LATER, ORDER):
            asyncio.run(state.standings.put_order(order))
        assert notes(state).orders == (LATER,)

    @pytest.mark.parametrize("progress", [PROGRESS, Progress(region=EAST, phase=Phase.ACTIVE, since=NOON)])
    def test_an_account_is_read_as_it_was_put_last(self, state: State, progress: Progress) -> None:
        for each in (replace(PROGRESS, left=100), progress):
            asyncio.run(state.standings.put_progress(each))
        assert notes(state).progress == progress

    def test_the_verdict_and_the_heartbeat_lie_in_the_same_partition(self, state: State) -> None:
        verdict = Verdict(EAST, WEST, True, NOON, NOON)
        asyncio.run(state.register.put_verdict(verdict))
        asyncio.run(state.register.beat(Heartbeat(EAST, NOON, 7)))
        assert notes(state) == RegionNotes(region=EAST, verdict=verdict)

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.standings.put_order(ORDER),
            state.standings.put_progress(PROGRESS),
            state.standings.read(EAST),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
