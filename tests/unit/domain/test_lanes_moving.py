"""Whether workers take what waits: the one thing beside its state that can make a Region unfit to serve."""

import pytest

from functions.domain.lane_flow import DepthSample, FlowBucket, LaneCounts, LaneDepth, RegionFlow, sampled
from functions.domain.lanes_moving import STILL_SECONDS, Movement, movement
from functions.domain.moments import add_seconds

NOW = "2026-11-21T12:00:05.000Z"
LONG = STILL_SECONDS + 1


def ago(seconds: float) -> str:
    return add_seconds(NOW, -seconds)


def still(seconds: float, waiting: int = 4) -> LaneDepth:
    return LaneDepth(waiting, 0, ago(seconds), ago(seconds))


def seen(*buckets: FlowBucket, sampled_ago: float = 2.0, **lanes: LaneDepth) -> Movement | None:
    return movement(RegionFlow(buckets, DepthSample(ago(sampled_ago), lanes)), NOW)


def test_a_region_where_nothing_waits_serves() -> None:
    assert seen(critical=LaneDepth(0, 0), batch=LaneDepth(0, 3)) == Movement((), serves=True)


def test_a_region_of_which_nobody_takes_anything_does_not_serve() -> None:
    assert seen(critical=LaneDepth(0, 0), batch=still(LONG)) == Movement(("batch",), serves=False)


def test_it_is_given_its_time_first() -> None:
    assert seen(batch=still(STILL_SECONDS - 1)) == Movement((), serves=True)


def test_one_lane_that_stands_still_beside_one_that_moves_is_told_and_nothing_more() -> None:
    assert seen(critical=LaneDepth(5, 2, ago(LONG)), batch=still(LONG)) == Movement(("batch",), serves=True)


def test_a_lane_whose_starts_were_counted_moves_however_the_samples_fell() -> None:
    begun = FlowBucket(ago(60), {"batch": LaneCounts(starts=1)})
    assert seen(begun, batch=still(LONG)) == Movement((), serves=True)
    before = FlowBucket(ago(LONG + 30), {"batch": LaneCounts(starts=1)})
    ended = FlowBucket(ago(60), {"batch": LaneCounts(ends=1), "critical": LaneCounts(starts=2)})
    assert seen(before, ended, batch=still(LONG)) == Movement(("batch",), serves=False)


@pytest.mark.parametrize("flow", [RegionFlow(), RegionFlow((), DepthSample(ago(31), {"batch": still(LONG)}))])
def test_of_what_nobody_knows_nothing_is_held_against_the_region(flow: RegionFlow) -> None:
    assert movement(flow, NOW) is None


def judged(depths: list[tuple[int, int]], every: float = 5.0) -> Movement | None:
    """Return what is seen of a lane that was sampled so, the last time just now."""
    sample: DepthSample | None = None
    for number, depth in enumerate(depths):
        sample = sampled(sample, {"batch": depth}, ago(every * (len(depths) - 1 - number)))
    return movement(RegionFlow((), sample), NOW)


def test_messages_of_a_paused_or_limited_tenant_are_taken_and_put_off_so_the_lane_moves() -> None:
    """They wait again and again for longer than any bound, but some sample sees one with a worker."""
    assert judged([(50, 0)] * 20 + [(49, 1)] + [(50, 0)] * 20) == Movement((), serves=True)


def test_workers_that_crash_hold_what_they_took_so_the_lane_moves() -> None:
    """A bad release: who judges that is the release's gate, and the lane's alarm; its peer runs the same one."""
    assert judged([(50, 10)] * 60) == Movement((), serves=True)


def test_a_lane_that_nobody_takes_from_in_any_sample_stands_still() -> None:
    assert judged([(50, 0)] * 30) == Movement(("batch",), serves=False)
