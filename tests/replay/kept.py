"""The form of a kept history: JSON with each job's segments as they lie in the table, and the state that they give."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.domain.job.events import Json, decode, to_json
from functions.domain.job.history import Segment, segment_from, segment_key
from functions.domain.job.state import fold

HISTORIES = Path(__file__).parent / "histories"
DIGESTS = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class KeptJob:
    """One job of a history."""

    job_id: str
    segments: tuple[Segment, ...]
    state: Mapping[str, Any]


def written(segments: Sequence[Segment]) -> list[Json]:
    """Return segments as the table holds them, with their events as JSON."""
    return [
        {
            "sk": segment_key(each.epoch, each.region, each.place),
            "events": [to_json(event) for event in each.events],
        }
        for each in segments
    ]


def state_shown(segments: Sequence[Segment]) -> dict[str, Json]:
    """Return all of a job's state that its history decides, as JSON."""
    state = fold(segments)
    assert state is not None
    shown: dict[str, object] = {
        "agent": [state.job.agent, state.job.agent_version],
        "status": state.status,
        "regions": [state.home_region, state.owner_region],
        "epoch": state.epoch,
        "last_sequence": state.last_sequence,
        "updated_at": state.updated_at,
        "complete": state.complete,
        "attempts": state.attempts,
        "adoptions": state.adoptions,
        "superseded": len(state.superseded),
        "round": state.round,
        "input": state.input,
        "result": state.result,
        "error": None if state.error is None else dict(state.error),
        "progress": state.progress,
        "tokens": [state.input_tokens, state.output_tokens],
        "steps": {key: to_json(end) for key, end in sorted(state.steps.items())},
        "steps_ended": state.steps_ended,
        "waits": sorted(state.waits),
        "taken": sorted(state.taken),
    }
    return json.loads(json.dumps(shown))  # type: ignore[no-any-return]


def to_text(jobs: Mapping[str, Sequence[Segment]]) -> str:
    """Return a history as its file holds it."""
    body = [
        {"job_id": job, "segments": written(segments), "state": state_shown(segments)} for job, segments in jobs.items()
    ]
    return json.dumps({"jobs": body}, indent=1, ensure_ascii=False) + "\n"


def read_history(path: Path) -> list[KeptJob]:
    """Read a file."""
    return [
        KeptJob(
            job["job_id"],
            tuple(
                segment_from(job["job_id"], each["sk"], decode(json.dumps(each["events"]))) for each in job["segments"]
            ),
            job["state"],
        )
        for job in json.loads(path.read_text("utf-8"))["jobs"]
    ]


def digest_of_file(path: Path) -> str:
    """Return the digest by which a change of a file is seen."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file when it was recorded."""
    listed = folder / DIGESTS
    lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
