"""Safety rules that are switched off, and the seeds that are known to show the harm of it: those are tried first.

A seed that was recorded shows at once what a search would find after hundreds of runs. When the plan of seeds changes
it may show nothing any more: then a bounded number of others is tried, so that the test is slower, and never green
without a counterexample. `python -m tests.simulation --find-counterexamples` says which seeds to record.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from tests.simulation.rules import Rules
from tests.simulation.world import simulate

#: Without its rule a run may go round in circles for ever: after so many seconds of CPU it shows nothing.
MOST_SECONDS = 10.0


class _TooLong(KeyboardInterrupt):
    """What no event loop keeps to itself."""


def any_seed(seed: int) -> bool:
    """Fit whatever is planned."""
    return True


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A rule that does not hold. `harm`: how a violation reads that follows from it.

    `seed` is known to show it; if it does not any more, up to `at_most` others that fit are tried. `leased`: with
    ownership leases.
    """

    rules: Rules
    harm: str
    seed: int
    fits: Callable[[int], bool] = any_seed
    at_most: int = 300
    leased: bool = False

    def shows(self, seed: int) -> bool:
        """Say whether a run ends with the harm."""
        try:
            with _cut_off(MOST_SECONDS):
                violations = simulate(seed, self.rules, leased=self.leased).violations
        except _TooLong:
            return False
        return any(self.harm in violation for violation in violations)

    def seeds(self) -> Iterator[int]:
        """Yield what is tried: the recorded one first."""
        yield self.seed
        yield from islice((each for each in range(100 * self.at_most) if self.fits(each)), self.at_most)

    def counterexample(self) -> int:
        """Return the first seed that shows the harm. Raises AssertionError when none does."""
        for seed in self.seeds():
            if self.shows(seed):
                return seed
        raise AssertionError(f"{self.at_most} seeds, and none ended with: {self.harm}")

    def quickest(self, among: int) -> list[tuple[float, int]]:
        """Return the seeds that show it among so many, with the seconds of CPU each takes, the quickest first."""
        found = []
        for seed in islice((each for each in range(100 * among) if self.fits(each)), among):
            began = time.process_time()
            if self.shows(seed):
                found.append((time.process_time() - began, seed))
        return sorted(found)


@contextmanager
def _cut_off(seconds: float) -> Iterator[None]:
    """Raise _TooLong once so many seconds of CPU have been spent, whatever an event loop makes of that as it closes."""
    over = False

    def end(*_: object) -> None:
        nonlocal over
        over = True
        raise _TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except BaseException as error:
        if over:
            raise _TooLong from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
