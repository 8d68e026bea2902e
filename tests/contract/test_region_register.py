"""RegionRegister: what a Region says of itself and of its peer."""

import asyncio

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State


class TestRegionRegister:
    def test_a_region_that_never_spoke_is_unknown(self, state: State) -> None:
        assert asyncio.run(state.register.last_beat(EAST)) is None
        assert asyncio.run(state.register.verdict(EAST)) is None

    def test_the_last_heartbeat_of_each_region_stands(self, state: State) -> None:
        beats = [Heartbeat(EAST, NOON, 1, True), Heartbeat(WEST, NOON, 70, True), Heartbeat(EAST, NOON, 2)]
        for beat in beats:
            asyncio.run(state.register.beat(beat))
        assert asyncio.run(state.register.last_beat(EAST)) == beats[2]
        assert asyncio.run(state.register.last_beat(WEST)) == beats[1]

    @pytest.mark.parametrize(("lost", "parted_at", "beat"), [(True, NOON, 70), (False, NOON, None), (False, None, 1)])
    def test_a_verdict_is_kept_beside_the_heartbeat(
        self, state: State, lost: bool, parted_at: str | None, beat: int | None
    ) -> None:
        verdict = Verdict(EAST, WEST, lost, NOON, parted_at, beat)
        asyncio.run(state.register.beat(Heartbeat(EAST, NOON, 1)))
        asyncio.run(state.register.put_verdict(Verdict(EAST, WEST, not lost, NOON)))
        asyncio.run(state.register.put_verdict(verdict))
        assert asyncio.run(state.register.verdict(EAST)) == verdict
        assert asyncio.run(state.register.last_beat(EAST)) == Heartbeat(EAST, NOON, 1)
        assert asyncio.run(state.register.verdict(WEST)) is None

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.register.beat(Heartbeat(EAST, NOON, 1)),
            state.register.last_beat(EAST),
            state.register.put_verdict(Verdict(EAST, WEST, True, NOON)),
            state.register.verdict(EAST),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
