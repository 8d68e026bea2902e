"""Reads the two replicas of the state table item by item, and says whether they agree and who wrote what.

This is the demo's and the drills' own look at the truth, past the API: the folds of every job in either replica, every
item that carries more than one writer, every job whose two folds differ.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.domain.job.events import decode
from functions.domain.job.history import Segment, segment_from
from functions.domain.job.state import JobState, fold

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Mapping[str, Any]]
Key = tuple[str, str]

KEYS_PER_READ = 100
_JOB = "JOB#"
_SEGMENT = re.compile(r"E#\d{6}\.")
#: Kinds of items whose sort key or partition key names the Region that may write them.
_OWNERS = (
    re.compile(r"^JOB#.*\|E#\d{6}\.(?P<region>[^#]+)#\d{8}$"),
    re.compile(r"^JOB#[^|]*\|(?:HEAD|SNAP|IN|ASK|STORED)#(?P<region>[^#]+)(?:#|$)"),
    re.compile(r"^SWITCH#[^|]*\|.*#(?P<region>[^#]+)$"),
    re.compile(r"^REGION#[^|]*\|STANDING#(?P<region>[^#]+)$"),  # an order about one Region, given in either
    re.compile(r"^(?:REGION|SWEEP)#(?P<region>[^|]+)\|"),
)


class ReplicaReader:
    """One replica. Segments never change, so each is fetched once however often the jobs are asked for."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._segments: dict[Key, Segment] = {}
        self._lock = threading.Lock()

    def all_items(self) -> dict[Key, Item]:
        """Every item, read anew."""
        return {key_of(item): item for item in self._scan()}

    def segments(self) -> Mapping[Key, Segment]:
        """Every segment of every job; only those that were not there last time are read in full."""
        with self._lock:
            keys = {key for item in self._scan(ProjectionExpression="pk, sk") if is_segment(key := key_of(item))}
            for gone in self._segments.keys() - keys:
                del self._segments[gone]
            self._fetch(sorted(keys - self._segments.keys()))
            return dict(self._segments)

    def segments_of_jobs(self, jobs: Iterable[str]) -> Mapping[Key, Segment]:
        """Every segment of these jobs alone: what it takes does not grow with what else is in the replica."""
        partitions = {f"{_JOB}{job}" for job in jobs}
        with self._lock:
            keys = {key_of(item) for partition in partitions for item in self._keys_in(partition)}
            for gone in [key for key in self._segments if key[0] in partitions and key not in keys]:
                del self._segments[gone]
            self._fetch(sorted(keys - self._segments.keys()))
            return {key: self._segments[key] for key in keys if key in self._segments}

    def _keys_in(self, partition: str) -> Iterable[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :job AND begins_with(sk, :segment)",
            ExpressionAttributeValues={":job": {"S": partition}, ":segment": {"S": "E#"}},
            ProjectionExpression="pk, sk",
        )
        return [item for page in pages for item in page["Items"] if is_segment(key_of(item))]

    def _fetch(self, keys: Sequence[Key]) -> None:
        for start in range(0, len(keys), KEYS_PER_READ):
            wanted: Any = {self._table: {"Keys": [_ddb_key(key) for key in keys[start : start + KEYS_PER_READ]]}}
            while wanted:
                answer = self._client.batch_get_item(RequestItems=wanted)
                for item in answer["Responses"].get(self._table, []):
                    self._segments[key_of(item)] = segment_of(item)
                wanted = answer.get("UnprocessedKeys")

    def _scan(self, **options: Any) -> Iterable[Item]:
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True, **options)
        for page in pages:
            yield from page["Items"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two replicas have to say about each other."""

    items: tuple[int, int]
    jobs: int
    two_writers: tuple[str, ...]
    """Keys of items that differ in their writer, or that were written by a Region whose item it is not."""
    folds_differ: tuple[str, ...]
    """Jobs whose state is not the same in both."""


def compare(first: Mapping[Key, Item], second: Mapping[Key, Item]) -> Comparison:
    """Hold two replicas against each other."""
    states = tuple(fold_all(segments_of(replica)) for replica in (first, second))
    jobs = states[0].keys() | states[1].keys()
    return Comparison(
        items=(len(first), len(second)),
        jobs=len(jobs),
        two_writers=tuple(sorted(_two_writers(first, second))),
        folds_differ=tuple(sorted(job for job in jobs if states[0].get(job) != states[1].get(job))),
    )


def fold_all(segments: Iterable[Segment]) -> dict[str, JobState]:
    """The state of each job that these segments speak of."""
    grouped: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        grouped[segment.job_id].append(segment)
    states = ((job, fold(own)) for job, own in grouped.items())
    return {job: state for job, state in states if state is not None}


def segments_of(replica: Mapping[Key, Item]) -> Iterable[Segment]:
    """The segments among a replica's items."""
    return (segment_of(item) for key, item in replica.items() if is_segment(key))


def key_of(item: Item) -> Key:
    """An item's partition and sort key."""
    return item["pk"]["S"], item["sk"]["S"]


def is_segment(key: Key) -> bool:
    """Whether an item with this key is a segment of a job's history."""
    return key[0].startswith(_JOB) and _SEGMENT.match(key[1]) is not None


def segment_of(item: Item) -> Segment:
    """Read a segment."""
    pk, sk = key_of(item)
    return segment_from(pk.removeprefix(_JOB), sk, decode(item["events"]["S"]))


def _two_writers(first: Mapping[Key, Item], second: Mapping[Key, Item]) -> set[str]:
    found = set()
    for key in first.keys() | second.keys():
        writers = {_writer(replica[key]) for replica in (first, second) if key in replica}
        owner = _owner(key)
        if len(writers) > 1 or (owner is not None and writers != {owner}):
            found.add("|".join(key))
    return found


def _writer(item: Item) -> str:
    return str(item.get("writer", {}).get("S", "nobody"))


def _owner(key: Key) -> str | None:
    """The only Region that may write the item, where its key says so."""
    matches = (pattern.match("|".join(key)) for pattern in _OWNERS)
    return next((match["region"] for match in matches if match), None)


def _ddb_key(key: Key) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
