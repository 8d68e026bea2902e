"""Whether a Region's workers take what waits for them: what its health check tells, beside that it can read its state.

A lane stands still while messages wait and not one is worked on. A lane whose tenant is paused, or that a limit holds,
does not: its messages are taken, looked at and put off. Nor does one whose jobs take long or whose workers crash, for
what is taken is in flight. So a Region is never left because of a limit, only because nobody takes anything.
"""

from dataclasses import dataclass

from functions.domain.lane_flow import SAMPLE_COUNTS_SECONDS, RegionFlow
from functions.domain.moments import seconds_between

#: SQS tells its numbers up to a minute late; a new version's first workers take seconds.
STILL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Movement:
    """What the newest sample says. `still` are the lanes that stand still; `serves` is whether others are taken from.

    Where nothing waits there is nothing to be said against the workers, so such a Region serves.
    """

    still: tuple[str, ...]
    serves: bool


def movement(flow: RegionFlow, now: str) -> Movement | None:
    """Return which lanes stand still, or None while nobody can know: then nothing is held against the Region."""
    sample = flow.sample
    if sample is None or abs(seconds_between(sample.at, now)) > SAMPLE_COUNTS_SECONDS:
        return None
    still = []
    for lane, depth in sample.lanes.items():
        since = depth.still_since
        if since is None or seconds_between(since, now) < STILL_SECONDS:
            continue
        begun = any(
            bucket.at >= since and lane in bucket.lanes and bucket.lanes[lane].starts for bucket in flow.buckets
        )
        if not begun:
            still.append(lane)
    busy = [lane for lane, depth in sample.lanes.items() if depth.waiting or depth.in_flight]
    return Movement(tuple(still), serves=not still or set(busy) > set(still))
