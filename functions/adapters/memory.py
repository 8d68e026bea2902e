"""The twin of each port in memory, for tests and simulation: held to the same contract tests as the real adapters.

A `MemoryTable` is one replica: a plain dict of rows by key, which a simulated replication link may copy from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from functions.application.ports import (
    AppendConflict,
    Due,
    LaneSend,
    LaneUnavailable,
    ModelAnswer,
    ModelRequest,
    StateUnavailable,
    TokenGrant,
)
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.ids import shard_of
from functions.domain.job.arrivals import Arrival, arrival_key
from functions.domain.job.events import JobSubmitted
from functions.domain.job.history import (
    ArchivePlace,
    Ask,
    DueEntry,
    Head,
    JobRecord,
    Segment,
    first_key_after,
    newest_place,
    newest_snapshot,
    rival_keys,
    segment_key,
)
from functions.domain.job.snapshot import Snapshot
from functions.domain.lanes import DUE_SHARDS
from functions.domain.ownership.verdict import Heartbeat, Verdict


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment with its index attributes."""

    segment: Segment
    due: Due | None


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """An arrival, and in whose partition of the due index it lies."""

    arrival: Arrival
    owner: str
    lane: str


@dataclass(slots=True)
class MemoryTable:
    """One replica of the state table. `refusing` makes every call fail as a throttled or unreachable table does."""

    segments: dict[tuple[str, int, str, int], SegmentRow] = field(default_factory=dict)
    heads: dict[tuple[str, str], Head] = field(default_factory=dict)
    arrivals: dict[tuple[str, str], ArrivalRow] = field(default_factory=dict)
    snapshots: dict[tuple[str, str], Snapshot] = field(default_factory=dict)
    asks: dict[tuple[str, str, str], Ask] = field(default_factory=dict)
    dead: dict[tuple[str, str, str, str], DeadLetter] = field(default_factory=dict)
    places: dict[tuple[str, str], ArchivePlace] = field(default_factory=dict)
    cursors: dict[tuple[str, str, int], str] = field(default_factory=dict)
    beats: dict[str, Heartbeat] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    tokens: dict[str, TokenGrant] = field(default_factory=dict)
    refusing: bool = False

    def check(self) -> None:
        """Raise StateUnavailable while refusing."""
        if self.refusing:
            raise StateUnavailable("the table refuses")


@dataclass(slots=True)
class MemoryHistory:
    """HistoryStore on a MemoryTable."""

    table: MemoryTable

    async def append(self, segment: Segment, *, due: Due | None = None) -> None:
        """See HistoryStore."""
        self.table.check()
        key = (segment.job_id, segment.epoch, segment.region, segment.place)
        present = self.table.segments.setdefault(key, SegmentRow(segment, due))
        if present.segment != segment:
            raise AppendConflict(f"{key} is taken")

    async def read(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        whole = await self.read_whole(job_id)
        snapshot = self._snapshot(job_id)
        if snapshot is None or whole.archived is not None:
            return whole
        keys = {segment_key(each.epoch, each.region, each.place): each for each in whole.segments}
        low, high = rival_keys(snapshot)
        rivals = sorted(key for key in keys if low <= key <= high)[:1]
        later = (key for key in keys if key >= first_key_after(snapshot))
        return replace(whole, segments=tuple(keys[key] for key in (*rivals, *later)), snapshot=snapshot)

    async def read_whole(self, job_id: str) -> JobRecord:
        """See HistoryStore."""
        self.table.check()
        segments, heads = self.table.segments, self.table.heads
        snapshot = self._snapshot(job_id)
        return JobRecord(
            tuple([segments[key].segment for key in sorted([key for key in segments if key[0] == job_id])]),
            tuple([heads[key] for key in sorted([key for key in heads if key[0] == job_id])]),
            self._arrivals(job_id),
            dead=tuple(each for key, each in sorted(self.table.dead.items()) if key[1:3] == (LetterType.JOB, job_id)),
            snapshot_sequence=0 if snapshot is None else snapshot.sequence,
            archived=newest_place(place for (job, _), place in self.table.places.items() if job == job_id),
        )

    def _snapshot(self, job_id: str) -> Snapshot | None:
        return newest_snapshot(each for key, each in self.table.snapshots.items() if key[0] == job_id)

    async def receive(self, arrival: Arrival, *, owner: str, lane: str) -> Arrival:
        """See HistoryStore."""
        self.table.check()
        key = (arrival.job_id, arrival_key(arrival.region, arrival.kind, arrival.name))
        return self.table.arrivals.setdefault(key, ArrivalRow(arrival, owner, lane)).arrival

    async def arrivals(self, job_id: str) -> Sequence[Arrival]:
        """See HistoryStore."""
        self.table.check()
        return self._arrivals(job_id)

    def _arrivals(self, job_id: str) -> tuple[Arrival, ...]:
        arrivals = self.table.arrivals
        return tuple([arrivals[key].arrival for key in sorted([key for key in arrivals if key[0] == job_id])])

    async def read_opening(self, job_id: str, region: str) -> Segment | None:
        """See HistoryStore."""
        self.table.check()
        row = self.table.segments.get((job_id, 1, region, 1))
        return row.segment if row else None


@dataclass(slots=True)
class MemoryProjections:
    """Projections on a MemoryTable."""

    table: MemoryTable

    async def put_head(self, head: Head) -> None:
        """See Projections."""
        self.table.check()
        self.table.heads[head.job_id, head.region] = head

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """See Projections."""
        self.table.check()
        packed = snapshot.packed()  # as it is read back elsewhere
        where = (snapshot.epoch, snapshot.region, snapshot.sequence)
        read_back = Snapshot.unpacked(snapshot.job_id, snapshot.writer, *where, packed)
        self.table.snapshots[snapshot.job_id, snapshot.writer] = read_back

    async def put_ask(self, ask: Ask) -> None:
        """See Projections."""
        self.table.check()
        self.table.asks[ask.job_id, ask.region, ask.step] = ask

    async def list_asks(self, tenant: str, group: str, *, before: str | None, limit: int) -> Sequence[Ask]:
        """See Projections."""
        self.table.check()
        asks = [ask for ask in self.table.asks.values() if ask.open and (ask.tenant, ask.group) == (tenant, group)]
        older = [ask for ask in asks if before is None or ask.position < before]
        return sorted(older, key=lambda ask: (ask.position, ask.step), reverse=True)[:limit]

    async def due(self, region: str, lane: str, shard: int, *, after: str, upto: str, limit: int) -> Sequence[DueEntry]:
        """See Projections."""
        self.table.check()
        found = [
            entry
            for entry in self._entries(region, lane)
            if entry.due_at <= upto and entry.position > after and shard_of(entry.job_id, DUE_SHARDS) == shard
        ]
        return sorted(found, key=lambda entry: entry.position)[:limit]

    def _entries(self, region: str, lane: str) -> Iterable[DueEntry]:
        for row in self.table.segments.values():
            if row.due is not None and row.due.lane == lane and row.segment.region == region:
                yield DueEntry(row.segment.job_id, row.due.at, submission=row.segment.epoch == 1)
        for arrived in self.table.arrivals.values():
            if arrived.lane == lane and arrived.owner == region:
                come = arrived.arrival
                yield DueEntry(come.job_id, come.at, arrival=arrival_key(come.region, come.kind, come.name))
        for head in self.table.heads.values():
            if head.due_at is not None and head.lane == lane and head.region == region:
                yield DueEntry(head.job_id, head.due_at, head.region)

    async def list_jobs(self, tenant: str, *, before: str | None, limit: int) -> Sequence[tuple[str, str]]:
        """See Projections."""
        self.table.check()
        rows = {
            (first.at, row.segment.job_id)
            for row in self.table.segments.values()
            if isinstance(first := row.segment.events[0], JobSubmitted) and first.tenant == tenant
        }
        older = [row for row in rows if before is None or f"{row[0]}#{row[1]}" < before]
        return sorted(older, reverse=True)[:limit]

    async def read_cursor(self, region: str, lane: str, shard: int) -> str:
        """See Projections."""
        self.table.check()
        return self.table.cursors.get((region, lane, shard), "")

    async def put_cursor(self, region: str, lane: str, shard: int, upto: str) -> None:
        """See Projections."""
        self.table.check()
        self.table.cursors[region, lane, shard] = upto


@dataclass(slots=True)
class MemoryRegister:
    """RegionRegister on a MemoryTable."""

    table: MemoryTable

    async def beat(self, heartbeat: Heartbeat) -> None:
        """See RegionRegister."""
        self.table.check()
        self.table.beats[heartbeat.region] = heartbeat

    async def last_beat(self, region: str) -> Heartbeat | None:
        """See RegionRegister."""
        self.table.check()
        return self.table.beats.get(region)

    async def put_verdict(self, verdict: Verdict) -> None:
        """See RegionRegister."""
        self.table.check()
        self.table.verdicts[verdict.region] = verdict

    async def verdict(self, region: str) -> Verdict | None:
        """See RegionRegister."""
        self.table.check()
        return self.table.verdicts.get(region)


@dataclass(slots=True)
class MemoryTokens:
    """Tokens on a MemoryTable."""

    table: MemoryTable

    async def find(self, token_hash: str) -> TokenGrant | None:
        """See Tokens."""
        self.table.check()
        return self.table.tokens.get(token_hash)

    async def put(self, token_hash: str, grant: TokenGrant) -> None:
        """See Tokens."""
        self.table.check()
        self.table.tokens[token_hash] = grant


@dataclass(slots=True)
class MemoryLanes:
    """Lanes as lists; a test or simulation takes messages off them itself."""

    queues: dict[str, list[LaneSend]] = field(default_factory=lambda: {"critical": [], "standard": [], "batch": []})
    refusing: bool = False

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return list(self.queues)

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        if self.refusing:
            raise LaneUnavailable("the queue refuses")
        for send in sends:
            self.queues[send.lane].append(send)

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        if self.refusing:
            raise LaneUnavailable("the queue refuses")
        return {lane: (len(queue), 0) for lane, queue in self.queues.items()}


@dataclass(slots=True)
class MemoryProbe:
    """PeerProbe that answers as it is told."""

    answer: bool = True

    async def healthy(self) -> bool:
        """See PeerProbe."""
        return self.answer


@dataclass(slots=True)
class ScriptedModel:
    """Model that gives its answers in turn, and repeats the last; an exception among them is raised."""

    answers: list[ModelAnswer | Exception]
    requests: list[ModelRequest] = field(default_factory=list)

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass(slots=True)
class CountingEntropy:
    """Entropy that counts: every token differs, every fraction is the one given."""

    value: float = 0.5
    count: int = 0

    def token(self) -> str:
        """See Entropy."""
        self.count += 1
        return f"{self.count:043d}"

    def fraction(self) -> float:
        """See Entropy."""
        return self.value
