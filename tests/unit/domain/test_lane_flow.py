"""How a lane flows, and how long new work will wait: by the rate at which it is worked off while something waits."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.lane_flow import (
    SAMPLE_COUNTS_SECONDS,
    DepthSample,
    FlowBucket,
    LaneCounts,
    LaneDepth,
    LaneFlow,
    RegionFlow,
    Tally,
    bucket_of,
    expiry_of,
    first_wait,
    flow_of,
    sampled,
)
from functions.domain.moments import add_seconds

NOW = "2026-11-21T12:00:05.000Z"


def ago(seconds: float) -> str:
    return add_seconds(NOW, -seconds)


def known(
    waiting: int, backlog: float | None, buckets: Iterable[tuple[float, LaneCounts]] = (), *, sampled_ago: float = 2.0
) -> LaneFlow:
    """Return the flow of a lane with so many waiting, a backlog so old, and buckets that began so long ago."""
    depth = LaneDepth(waiting, 3, None if backlog is None else ago(backlog))
    sample = DepthSample(ago(sampled_ago), {"batch": depth})
    counted = tuple(FlowBucket(bucket_of(ago(at)), {"batch": counts}) for at, counts in buckets)
    return flow_of("batch", RegionFlow(counted, sample), NOW)


def starts(number: int) -> LaneCounts:
    return LaneCounts(starts=number)


def test_a_lane_where_nothing_waits_is_begun_at_once() -> None:
    assert known(0, None).estimated_wait_seconds == 0.0
    assert known(0, None).oldest_wait_seconds == 0.0


def test_a_queue_that_loses_two_a_second_takes_half_a_second_for_each() -> None:
    busy = [(10 * number + 5, starts(20)) for number in range(30)]
    assert known(600, 400, busy).estimated_wait_seconds == pytest.approx(300)


def test_newest_counts_are_not_complete_and_make_a_lane_no_slower() -> None:
    busy = [(10 * number + 5, starts(20)) for number in range(2, 30)]
    assert known(600, 400, busy).estimated_wait_seconds == pytest.approx(300, rel=0.1)


def test_a_lane_that_has_slept_is_not_judged_by_how_little_it_had_to_do() -> None:
    one_in_a_while = [(3600.0, starts(1)), (7200.0, starts(1))]
    assert known(500, 10, one_in_a_while).estimated_wait_seconds == 10.0


def test_a_burst_onto_a_cold_lane_is_as_old_as_it_is_until_workers_have_had_time() -> None:
    assert known(5000, 0).estimated_wait_seconds == 0.0
    assert known(5000, 29).estimated_wait_seconds == 29.0


def test_a_lane_of_which_nobody_takes_anything_is_slower_the_longer_that_lasts() -> None:
    assert known(10, 60).estimated_wait_seconds == 600.0
    assert known(10, 120).estimated_wait_seconds == 1200.0
    assert known(10, 86_400).estimated_wait_seconds == 3000.0


def test_a_lane_that_was_fast_a_moment_ago_is_held_to_be_so_still() -> None:
    assert known(120, 60, [(100.0, starts(120))]).estimated_wait_seconds == pytest.approx(60)


def test_without_a_sample_nobody_knows_how_long_work_waits() -> None:
    flow = flow_of("batch", RegionFlow((FlowBucket(bucket_of(NOW), {"batch": starts(3)}),)), NOW)
    assert (flow.waiting, flow.in_flight, flow.estimated_wait_seconds, flow.oldest_wait_seconds) == (None,) * 4
    assert flow.started_per_minute == 3


@pytest.mark.parametrize("sampled_ago", [SAMPLE_COUNTS_SECONDS + 1, -SAMPLE_COUNTS_SECONDS - 1])
def test_a_sample_of_long_ago_or_of_another_clock_says_nothing(sampled_ago: float) -> None:
    assert known(5000, 600, sampled_ago=sampled_ago).estimated_wait_seconds is None


def test_another_lanes_work_is_not_this_ones() -> None:
    sample = DepthSample(NOW, {"critical": LaneDepth(900, 1, ago(600))})
    flow = flow_of("batch", RegionFlow((FlowBucket(bucket_of(NOW), {"critical": starts(9)}),), sample), NOW)
    assert (flow.waiting, flow.started_per_minute) == (None, 0)


def test_rates_are_those_of_the_last_minute() -> None:
    counts = LaneCounts(starts=4, ends=3, failures=1)
    flow = known(0, None, [(5, counts), (45, counts), (75, counts)])
    assert (flow.started_per_minute, flow.ended_per_minute, flow.failed_per_minute) == (8, 6, 2)


def test_the_oldest_has_waited_as_long_as_the_last_that_began_and_since_then() -> None:
    waited = LaneCounts(starts=2, first_starts=2, waited_ms=80_000)
    assert known(3, 500, [(15, starts(1)), (25, waited), (35, starts(1))]).oldest_wait_seconds == 65.0


def test_the_oldest_is_not_older_than_the_backlog() -> None:
    assert known(3, 12, [(25, first_wait(NOW, ago(900)))]).oldest_wait_seconds == 12.0
    assert known(3, 70).oldest_wait_seconds == 70.0


@given(
    waiting=st.integers(1, 10_000),
    backlog=st.floats(30, 10_000),
    buckets=st.lists(st.tuples(st.floats(0, 600), st.integers(1, 500)), max_size=30),
)
def test_more_waiting_is_never_estimated_to_wait_less(
    waiting: int, backlog: float, buckets: list[tuple[float, int]]
) -> None:
    counted = [(at, starts(number)) for at, number in sorted(buckets)]
    fewer, more = (known(each, backlog, counted).estimated_wait_seconds for each in (waiting, waiting + 1))
    assert fewer is not None
    assert more is not None
    assert 0 < fewer <= more


def test_a_backlog_lasts_for_as_long_as_every_sample_sees_it() -> None:
    first = sampled(None, {"batch": (0, 1), "critical": (4, 0)}, ago(20))
    assert first.lanes == {"batch": LaneDepth(0, 1), "critical": LaneDepth(4, 0, ago(20), ago(20))}
    second = sampled(first, {"batch": (2, 1), "critical": (9, 0)}, ago(10))
    assert second.lanes == {"batch": LaneDepth(2, 1, ago(10)), "critical": LaneDepth(9, 0, ago(20), ago(20))}
    third = sampled(second, {"batch": (0, 1), "critical": (1, 0)}, NOW)
    assert third.lanes == {"batch": LaneDepth(0, 1), "critical": LaneDepth(1, 0, ago(20), ago(20))}


def test_a_backlog_that_nobody_has_watched_begins_anew() -> None:
    first = sampled(None, {"batch": (4, 0)}, ago(SAMPLE_COUNTS_SECONDS + 1))
    assert sampled(first, {"batch": (4, 0)}, NOW).lanes == {"batch": LaneDepth(4, 0, NOW, NOW)}


def test_a_process_tells_what_it_has_counted_once() -> None:
    tally = Tally()
    tally.count("batch", starts(2))
    tally.count("batch", LaneCounts(ends=1))
    tally.count("critical", first_wait(NOW, ago(1.5)))
    assert tally.starts == 3
    assert tally.take() == {"batch": LaneCounts(starts=2, ends=1), "critical": LaneCounts(1, 0, 0, 1, 1500)}
    assert tally.take() == {}


def test_a_clock_that_is_behind_makes_no_wait_negative() -> None:
    assert first_wait(ago(1), NOW).waited_ms == 0


def test_a_bucket_begins_each_ten_seconds_and_is_kept_for_so_long() -> None:
    assert bucket_of("2026-11-21T12:00:09.999Z") == "2026-11-21T12:00:00.000Z"
    assert bucket_of("2026-11-21T12:00:10.000Z") == "2026-11-21T12:00:10.000Z"
    assert expiry_of("1970-01-01T00:01:40.000Z", 50) == 150
