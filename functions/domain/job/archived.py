"""The form in which a job lies in the archive: one line of JSON, packed by itself, so that it can be read by itself.

What is told is what a replica holds of a job but for snapshots and asks, which follow from the rest. Many jobs lie in
one object, one behind the other: all of it together is a gzip file, too, which any tool unpacks to lines.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace

from functions.domain.dead_letter import DeadLetter, LetterType, Over
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json, UnreadableEvent, from_json, to_json
from functions.domain.job.history import Head, JobRecord, Segment, segment_from, segment_key

#: Of the form. A reader refuses one that it does not know.
VERSION = 1


def packed(job_id: str, record: JobRecord) -> bytes:
    """Return a job as it lies in the archive; `record` holds all of it."""
    line = {
        "version": VERSION,
        "job": job_id,
        "segments": [[_key(each), [to_json(event) for event in each.events]] for each in record.segments],
        "heads": [_without_job(asdict(each)) for each in record.heads],
        "arrivals": [_without_job(asdict(each)) for each in record.arrivals],
        "dead": [asdict(each) for each in record.dead],
    }
    text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode() + b"\n", mtime=0)


def unpacked(job_id: str, data: bytes) -> JobRecord:
    """Read it back. Raises UnreadableEvent for what is no such line, of another job, or of a newer version."""
    try:
        line = json.loads(gzip.decompress(data))
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise UnreadableEvent(f"what the archive has of {job_id} is damaged: {error}") from error
    if (line.get("version"), line.get("job")) != (VERSION, job_id):
        raise UnreadableEvent(f"the archive has {line.get('job')} (form {line.get('version')}) in place of {job_id}")
    return JobRecord(
        tuple(segment_from(job_id, key, tuple(map(from_json, events))) for key, events in line["segments"]),
        tuple(Head(job_id=job_id, **each) for each in line["heads"]),
        tuple(_arrival(job_id, each) for each in line["arrivals"]),
        dead=tuple(map(_letter, line["dead"])),
    )


def merged(archived: JobRecord, held: JobRecord) -> JobRecord:
    """Return all of a job of which the archive has one part and the table another, or the same once more."""
    segments = {_key(each): each for each in (*archived.segments, *held.segments)}
    heads = {each.region: each for each in (*archived.heads, *held.heads)}
    arrivals = {_place(each): each for each in (*archived.arrivals, *held.arrivals)}
    dead = {each.region: each for each in (*archived.dead, *held.dead)}
    return replace(
        held,
        segments=tuple(segments[key] for key in sorted(segments)),
        heads=tuple(heads[region] for region in sorted(heads)),
        arrivals=tuple(arrivals[place] for place in sorted(arrivals)),
        dead=tuple(dead[region] for region in sorted(dead)),
        snapshot=None,
    )


def covers(archived: JobRecord, held: JobRecord) -> bool:
    """Say whether the archive has all that the table holds of a job, to the last event. Projections do not count."""
    segments = {_key(each): each for each in archived.segments}
    arrivals = {_place(each): each for each in archived.arrivals}
    return (
        all(segments.get(_key(each)) == each for each in held.segments)
        and all(arrivals.get(_place(each)) == each for each in held.arrivals)
        and all(each in archived.dead for each in held.dead)
    )


def _key(segment: Segment) -> str:
    return segment_key(segment.epoch, segment.region, segment.place)


def _place(arrival: Arrival) -> tuple[str, str]:
    return arrival.region, arrival.key


def _without_job(body: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in body.items() if name != "job_id"}


def _arrival(job_id: str, body: Mapping[str, Json]) -> Arrival:
    return Arrival(**{**body, "job_id": job_id, "kind": ArrivalKind(str(body["kind"]))})  # type: ignore[arg-type]


def _letter(body: Mapping[str, Json]) -> DeadLetter:
    over = None if body["over"] is None else Over(str(body["over"]))
    return DeadLetter(**{**body, "type": LetterType(str(body["type"])), "over": over})  # type: ignore[arg-type]
