"""How long work waits for a worker, by the theory of queues, and how long a loss is felt: pure.

A lane with `slots` jobs at once, which take `seconds` each and come at random, is a queue of so many servers (M/M/c,
by Erlang's formula). Durations that vary less than at random wait less: the estimate errs on the side of waiting.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """What is asked of a lane, by all clients of both Regions together."""

    jobs_per_minute: float
    seconds: float

    @property
    def busy_slots(self) -> float:
        """How many jobs run at once on average (Little's law)."""
        return self.jobs_per_minute / 60 * self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a lane feels of the loss of a Region. None: it never ends, for more comes than is worked off."""

    utilisation_before: float
    utilisation_after: float
    wait_before: float | None
    wait_after: float | None
    #: Jobs that the survivor has to begin in one go: those of the lost Region, and what clients could not submit.
    backlog: float
    #: What the last job of that backlog waits, and so also how long until the lane is as it will stay.
    longest_wait: float | None


def mean_wait(load: LaneLoad, slots: float) -> float | None:
    """Return the mean seconds that a job waits for a slot, or None where more comes than is worked off."""
    servers, busy = math.floor(slots), load.busy_slots
    if busy == 0:
        return 0.0
    if servers <= busy:
        return None
    blocked = 1.0  # Erlang B, server by server: stays within numbers that a float holds
    for number in range(1, servers + 1):
        blocked = busy * blocked / (number + busy * blocked)
    waits = blocked / (1 - busy / servers * (1 - blocked))
    return waits * load.seconds / (servers - busy)


def slots_for(load: LaneLoad, utilisation: float) -> int:
    """Return how many jobs must be able to run at once to be busy no more than this."""
    return math.ceil(round(load.busy_slots / utilisation, 9))


def loss_of_region(load: LaneLoad, slots: float, *, share: float, unreachable: float, adopted_after: float) -> Loss:
    """Return what a lane feels when a Region is lost that had this `share` of the load.

    `slots` are those of one Region. Clients of the lost Region submit what they could not for `unreachable` seconds all
    at once; `adopted_after` the loss the survivor begins the lost Region's jobs, and nothing that had run is lost but
    the step that was under way, so each takes its whole time again at most.
    """
    lost = LaneLoad(load.jobs_per_minute * share, load.seconds)
    kept = LaneLoad(load.jobs_per_minute * (1 - share), load.seconds)
    each_second = load.jobs_per_minute / 60
    queued = (mean_wait(lost, slots) or 0.0) * each_second * share
    backlog = lost.busy_slots + queued + each_second * share * unreachable
    spare = (slots - load.busy_slots) / load.seconds if load.seconds else math.inf
    drained = backlog / spare if spare > 0 else None
    return Loss(
        utilisation_before=max(lost.busy_slots, kept.busy_slots) / slots,
        utilisation_after=load.busy_slots / slots,
        wait_before=_worse(mean_wait(lost, slots), mean_wait(kept, slots)),
        wait_after=mean_wait(load, slots),
        backlog=backlog,
        longest_wait=None if drained is None else adopted_after + drained,
    )


def _worse(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)
