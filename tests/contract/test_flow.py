"""The lanes' statistics: added up whoever tells them, the newest ones read, each Region's apart."""

import asyncio

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.lane_flow import READ_BUCKETS, DepthSample, FlowBucket, LaneCounts, LaneDepth, RegionFlow
from functions.domain.moments import add_seconds
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

COUNTS = LaneCounts(starts=3, ends=2, failures=1, first_starts=2, waited_ms=1500)
SAMPLE = DepthSample(
    NOON, {"batch": LaneDepth(7, 2, NOON), "standard": LaneDepth(1, 0, NOON, NOON), "critical": LaneDepth(0, 1)}
)


def read(state: State, region: str = EAST) -> RegionFlow:
    return asyncio.run(state.flow.read(region))


class TestFlow:
    def test_nothing_is_known_at_first(self, state: State) -> None:
        assert read(state) == RegionFlow()

    def test_what_several_processes_count_is_added_up_by_lane(self, state: State) -> None:
        for lanes in ({"batch": COUNTS}, {"batch": COUNTS, "critical": LaneCounts(ends=1)}):
            asyncio.run(state.flow.add(EAST, NOON, lanes))
        found = {"batch": COUNTS + COUNTS, "critical": LaneCounts(ends=1)}
        assert read(state) == RegionFlow((FlowBucket(NOON, found),))
        assert read(state, WEST) == RegionFlow()

    def test_newest_buckets_come_first_and_older_ones_are_not_read(self, state: State) -> None:
        moments = [add_seconds(NOON, 10 * number) for number in range(READ_BUCKETS + 2)]
        for at in moments:
            asyncio.run(state.flow.add(EAST, at, {"batch": COUNTS}))
        asyncio.run(state.flow.put_sample(EAST, SAMPLE))
        found = read(state)
        assert [bucket.at for bucket in found.buckets] == list(reversed(moments))[: READ_BUCKETS - 1]
        assert found.sample == SAMPLE

    def test_the_last_sample_counts(self, state: State) -> None:
        asyncio.run(state.flow.put_sample(EAST, SAMPLE))
        later = DepthSample(add_seconds(NOON, 5), {"batch": LaneDepth(0, 0)})
        asyncio.run(state.flow.put_sample(EAST, later))
        assert read(state).sample == later

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.flow.add(EAST, NOON, {"batch": COUNTS}),
            state.flow.put_sample(EAST, SAMPLE),
            state.flow.read(EAST),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
