"""How a job's id and a step's idempotency key come about: both derive from data, so a retry arrives at the same one."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache

JOB_ID = re.compile(r"job_[a-z2-7]{32}")
_in_order = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def job_id(tenant: str, idempotency_key: str) -> str:
    """Return the id of the job that `tenant` submits under `idempotency_key`: the same in either Region."""
    return _named(f"{len(tenant)}:{tenant}{idempotency_key}")


def child_job_id(parent: str, step: str) -> str:
    """Return the id of the job that a step of `parent` calls: the same in every attempt, epoch and Region.

    A parent's id is no tenant's name, so no client's key leads here.
    """
    return job_id(parent, step)


def session_job_id(tenant: str, name: str) -> str:
    """Return the id of the job that is the tenant's session of that name: the same in either Region.

    What `job_id` digests begins with a digit, so no client's key leads here.
    """
    return _named(f"session:{len(tenant)}:{tenant}{name}")


def redrive_job_id(tenant: str, key: str) -> str:
    """Return the id of the job that redrives the tenant's dead letters, as asked under this key."""
    return _named(f"redrive:{len(tenant)}:{tenant}{key}")


def is_job_id(text: str) -> bool:
    """Say whether `text` has the form of a job id."""
    return JOB_ID.fullmatch(text) is not None


def _named(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "job_" + base64.b32encode(digest[:20]).decode("ascii").lower()


def digest_of(value: object) -> str:
    """Return 16 hex digits that stand for a JSON value, whatever the order of its keys."""
    return hashlib.sha256(_in_order(value).encode()).hexdigest()[:16]


def step_idempotency_key(job: str, step: str) -> str:
    """Return the key that a step's effect carries: the same in every attempt, epoch and Region."""
    return f"{job}/{step}"


def uuid_from(token: str) -> str:
    """Return a version 4 UUID made of a random token."""
    digest = bytearray(hashlib.sha256(token.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@lru_cache(maxsize=1024)
def shard_of(job: str, shards: int) -> int:
    """Return which of `shards` index partitions holds a job; spreads by the id, which is a hash already."""
    return int.from_bytes(hashlib.sha256(job.encode()).digest()[:4], "big") % shards


def body_digest(body: Mapping[str, object]) -> str:
    """Return the digest by which a second submit under the same idempotency key is told from a different one."""
    return digest_of(dict(body))
