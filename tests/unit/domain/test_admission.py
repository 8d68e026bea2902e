"""Whether a lane takes in new work."""

from dataclasses import replace

import pytest

from functions.domain.admission import LONGEST_RETRY_SECONDS, SHORTEST_RETRY_SECONDS, full
from functions.domain.lane_flow import LaneFlow

FLOW = LaneFlow(
    waiting=9,
    in_flight=2,
    estimated_wait_seconds=None,
    oldest_wait_seconds=None,
    started_per_minute=1.0,
    ended_per_minute=1.0,
    failed_per_minute=0.0,
)


def flow(estimate: float | None) -> LaneFlow:
    return replace(FLOW, estimated_wait_seconds=estimate)


@pytest.mark.parametrize("estimate", [None, 0.0, 60.0])
def test_a_lane_is_open_up_to_its_bound_and_when_nobody_knows(estimate: float | None) -> None:
    assert full("batch", flow(estimate), 60) is None


@pytest.mark.parametrize(
    ("estimate", "retry"), [(60.1, SHORTEST_RETRY_SECONDS), (100.0, 40), (99_999.0, LONGEST_RETRY_SECONDS)]
)
def test_a_lane_beyond_its_bound_is_closed_until_its_queue_is_shorter(estimate: float, retry: int) -> None:
    refused = full("batch", flow(estimate), 60)
    assert refused is not None
    assert (refused.estimated_wait_seconds, refused.bound_seconds, refused.retry_after_seconds) == (estimate, 60, retry)


def test_work_that_is_to_start_later_may_have_a_queue_until_then() -> None:
    assert full("batch", flow(100.0), 60, in_seconds=39) is not None
    assert full("batch", flow(100.0), 60, in_seconds=40) is None
