"""A long job's state, written down to be read on from there: a projection, which may be lost and rebuilt."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.domain.job.events import JobSubmitted, UnreadableEvent, from_json, to_json

#: A job that leaves its worker is written down when so many events have come since the last time.
SNAPSHOT_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after the event that lies at (epoch, region, sequence). `writer` is the Region that wrote it down."""

    job_id: str
    writer: str
    epoch: int
    region: str
    sequence: int
    home_region: str
    submitted: JobSubmitted
    progress: Mapping[str, Any]

    def packed(self) -> bytes:
        """Return all but its place as compressed JSON."""
        body = {"home": self.home_region, "submitted": to_json(self.submitted), "progress": self.progress}
        return zlib.compress(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())

    @classmethod
    def unpacked(cls, job_id: str, writer: str, epoch: int, region: str, sequence: int, body: bytes) -> "Snapshot":
        """Read it back. Raises UnreadableEvent for what a newer version wrote."""
        plain = json.loads(zlib.decompress(body))
        submitted = from_json(plain["submitted"])
        if not isinstance(submitted, JobSubmitted):
            raise UnreadableEvent("a snapshot without a submission")
        return cls(job_id, writer, epoch, region, sequence, plain["home"], submitted, plain["progress"])
