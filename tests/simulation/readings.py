"""What the fold and the oracle make of a job's segments, worked out once for each set of segments in each order.

A run asks about the same segments many times: while it waits for jobs to end, in each invariant, and for each effect.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.adapters.memory_payloads import MemoryBuckets
from functions.domain.job.events import Json
from functions.domain.job.history import Segment
from functions.domain.job.snapshot import Snapshot
from functions.domain.job.state import JobState, fold
from functions.domain.payload import decode_value, reference_in
from tests.simulation import oracle

#: Segments are told apart by identity, which costs nothing; they are kept so that no other gets the identity of one.
_Key = tuple[int, ...]


class Folds:
    """The fold, worked out once for what is the same: it is pure, and half of what a run reads it has read before."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[tuple[Segment, ...], Snapshot | None, JobState | None]] = {}

    def fold(self, segments: Iterable[Segment], snapshot: Snapshot | None = None) -> JobState | None:
        """See functions.domain.job.state.fold."""
        kept = tuple(segments)
        key = (id(snapshot), *map(id, kept))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = kept, snapshot, fold(kept, snapshot)
        return known[2]


@dataclass(slots=True)
class Readings:
    """Of one run: another run may have other rules."""

    buckets: MemoryBuckets
    folds: Folds
    _told: dict[_Key, tuple[tuple[Segment, ...], oracle.Reading | None]] = field(default_factory=dict)

    def state(self, segments: Iterable[Segment]) -> JobState | None:
        """Return what the fold reads."""
        return self.folds.fold(segments)

    def value(self, recorded: Json) -> Json:
        """Return the value for which something was recorded, from whichever Region's bucket has it."""
        reference = reference_in(recorded)
        if reference is None:
            return recorded
        kept = (data for (_, key), data in self.buckets.kept.items() if key.sha256 == reference.sha256)
        return decode_value(next(kept), "a payload")

    def oracle(self, segments: Iterable[Segment]) -> oracle.Reading | None:
        """Return what the oracle reads."""
        kept = tuple(segments)
        key = tuple(map(id, kept))
        if key not in self._told:
            self._told[key] = kept, oracle.read(kept)
        return self._told[key][1]
