"""Segments: the unit in which history is written, and the keys under which it lies (DESIGN section 3, rule 2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from functions.domain.dead_letter import DeadLetter
from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import Event, JobAdopted
from functions.domain.job.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Segment:
    """The events of one flush: `events[0]` has sequence `first_sequence`, the next one more, and so on."""

    job_id: str
    epoch: int
    region: str
    first_sequence: int
    events: tuple[Event, ...]

    @property
    def last_sequence(self) -> int:
        """The sequence of the last event."""
        return self.first_sequence + len(self.events) - 1

    @property
    def place(self) -> int:
        """Where it lies in its epoch: by its first sequence, but adoptions at 0.

        Two adopters in one Region may have read different parts of what the peer wrote, and would begin at different
        sequences: at one place the second of them fails.
        """
        return 0 if isinstance(self.events[0], JobAdopted) else self.first_sequence

    @property
    def opens_epoch(self) -> bool:
        """Whether this is the first segment of its epoch; only these carry index attributes."""
        return self.events[0].kind in ("submitted", "adopted")


@dataclass(frozen=True, slots=True)
class Head:
    """One Region's projection of a job: for due times and exceptions. It may be lost and rebuilt from history.

    `due_at` is set while this Region must look at the job again by then. `durability` is set only when it is "local".
    """

    job_id: str
    region: str
    epoch: int
    sequence: int
    status: str
    lane: str
    due_at: str | None = None
    durability: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One Region's projection of an open wait for a group's decision, for listing. `open` is false when it is over."""

    job_id: str
    region: str
    step: str
    tenant: str
    group: str
    at: str
    open: bool = True

    @property
    def position(self) -> str:
        """Where it lies among what its group is asked for: a job may ask for many things at one moment."""
        return f"{self.at}#{self.job_id}#{self.step}"


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """Where the archive has a job: `length` bytes from `offset` on in the object `name`.

    `region` put it there, at `at`.
    """

    region: str
    at: str
    name: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What one replica holds of a job: all of it, or, of a long one, a snapshot and what came after it.

    `snapshot_sequence` says up to where the newest snapshot goes, also when everything was read. `dead` is what each
    Region has written of it into the list of dead letters. `archived` is set once the job is in the archive as well:
    what the replica itself holds may then be a part of it.
    """

    segments: tuple[Segment, ...]
    heads: tuple[Head, ...]
    arrivals: tuple[Arrival, ...] = ()
    snapshot: Snapshot | None = None
    snapshot_sequence: int = 0
    dead: tuple[DeadLetter, ...] = ()
    archived: ArchivePlace | None = None

    def head_of(self, region: str) -> Head | None:
        """Return the projection that `region` wrote, if any."""
        return next((head for head in self.heads if head.region == region), None)


@dataclass(frozen=True, slots=True)
class DueEntry:
    """One row of the `due` index: look at this job at `due_at`.

    `head_region` is set when a head asked for it, `arrival`, the key of one, when that did; `submission` when it is the
    entry with which the job was accepted.
    """

    job_id: str
    due_at: str
    head_region: str | None = None
    arrival: str | None = field(default=None, compare=False)
    submission: bool = field(default=False, compare=False)

    @property
    def position(self) -> str:
        """Where the entry lies in its partition's order: by time, then by job."""
        return f"{self.due_at}#{self.job_id}"

    @property
    def identity(self) -> tuple[str, str | None, str | None]:
        """What tells it from all others: two things may arrive for one job at one moment."""
        return self.position, self.head_region, self.arrival


def job_key(job_id: str) -> str:
    """Return the partition key of everything about a job."""
    return f"JOB#{job_id}"


def segment_key(epoch: int, region: str, place: int) -> str:
    """Return the sort key of a segment."""
    return f"{epoch_keys(epoch)}{region}#{place:08d}"


def epoch_keys(epoch: int) -> str:
    """Return how the sort keys of an epoch's segments begin."""
    return f"E#{epoch:06d}."


def first_key_after(snapshot: Snapshot) -> str:
    """Return the sort key from which on segments are not covered by a snapshot."""
    return segment_key(snapshot.epoch, snapshot.region, snapshot.sequence + 1)


def rival_keys(snapshot: Snapshot) -> tuple[str, str]:
    """Return the sort keys between which segments lie that another Region wrote in its epoch and that sort before."""
    return epoch_keys(snapshot.epoch), epoch_keys(snapshot.epoch) + snapshot.region


def newest_snapshot(snapshots: Iterable[Snapshot]) -> Snapshot | None:
    """Return the snapshot that goes furthest, of those that both Regions have written."""
    return max(snapshots, key=lambda each: (each.epoch, each.sequence, each.writer), default=None)


def newest_place(places: Iterable[ArchivePlace]) -> ArchivePlace | None:
    """Return where the archive has most of a job: whoever archives one anew adds what came to what was there."""
    return max(places, key=lambda each: (each.at, each.region), default=None)


def segment_from(job_id: str, key: str, events: tuple[Event, ...]) -> Segment:
    """Return the segment that lies under this sort key. Raises ValueError for a text that is none."""
    prefix, _, rest = key.partition("#")
    position, _, place = rest.rpartition("#")
    epoch, _, region = position.partition(".")
    if prefix != "E" or not region:
        raise ValueError(f"{key!r} is not a segment's key")
    opening = events[0]
    first = opening.from_sequence + 1 if isinstance(opening, JobAdopted) else int(place)
    return Segment(job_id, int(epoch), region, first, events)
