"""Payloads in memory, and the copies owed: twins of `s3_payloads` and `dynamodb_owed_copies`, held to their contracts.

A file of its own beside `memory`, whose twins share one table; these share `MemoryBuckets`, which like S3's are one
namespace for both Regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.application.ports import PayloadKey, PayloadMissing, PayloadPlace, PayloadUnavailable, SignedRequest


@dataclass(slots=True)
class MemoryBuckets:
    """All objects, by bucket and place. `uploads` holds what clients have uploaded and nobody has taken over."""

    kept: dict[tuple[str, PayloadKey], bytes] = field(default_factory=dict)
    uploads: dict[tuple[str, PayloadKey], bytes] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryPayloads:
    """One Region's bucket. `refusing` makes every call fail as an unreachable store does."""

    buckets: MemoryBuckets
    bucket: str
    refusing: bool = False

    async def put(self, key: PayloadKey, data: bytes) -> None:
        """See Payloads."""
        self._check()
        self.buckets.kept[self.bucket, key] = data

    async def get(self, key: PayloadKey) -> bytes:
        """See Payloads."""
        self._check()
        try:
            return self.buckets.kept[self.bucket, key]
        except KeyError:
            raise PayloadMissing(f"{self.bucket} does not hold {key}") from None

    async def find(self, key: PayloadKey) -> PayloadPlace | None:
        """See Payloads."""
        self._check()
        for shelf, objects in (("payloads", self.buckets.kept), ("uploads", self.buckets.uploads)):
            if (self.bucket, key) in objects:
                return PayloadPlace(f"{self.bucket}/{shelf}", len(objects[self.bucket, key]), "")
        return None

    async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
        """See Payloads."""
        self._check()
        bucket, _, shelf = place.name.rpartition("/")
        objects = self.buckets.kept if shelf == "payloads" else self.buckets.uploads
        if (bucket, key) not in objects:
            raise PayloadMissing(f"nothing lies at {place.name}")
        self.buckets.kept[self.bucket, key] = objects[bucket, key]

    async def sign_upload(self, key: PayloadKey, size: int, seconds: int) -> SignedRequest:
        """See Payloads."""
        url = f"memory://{self.bucket}/uploads/{key.tenant}/{key.sha256}?seconds={seconds}"
        return SignedRequest("PUT", url, {"Content-Length": str(size)})

    async def sign_download(self, key: PayloadKey, seconds: int) -> SignedRequest:
        """See Payloads."""
        return SignedRequest("GET", f"memory://{self.bucket}/payloads/{key.tenant}/{key.sha256}?seconds={seconds}", {})

    def upload(self, key: PayloadKey, data: bytes) -> None:
        """Do what a client does with the request that `sign_upload` returned."""
        self.buckets.uploads[self.bucket, key] = data

    def _check(self) -> None:
        if self.refusing:
            raise PayloadUnavailable(f"{self.bucket} refuses")


@dataclass(slots=True)
class MemoryOwedCopies:
    """Copies that are owed, beside a MemoryTable, which says whether they refuse."""

    table: MemoryTable
    since: dict[PayloadKey, str] = field(default_factory=dict)

    async def owe(self, key: PayloadKey, at: str) -> None:
        """See OwedCopies."""
        self.table.check()
        self.since[key] = at

    async def owed(self, *, after: PayloadKey | None, limit: int) -> Sequence[PayloadKey]:
        """See OwedCopies."""
        self.table.check()
        keys = sorted(self.since, key=_place)
        return [key for key in keys if after is None or _place(key) > _place(after)][:limit]

    async def settle(self, key: PayloadKey) -> None:
        """See OwedCopies."""
        self.table.check()
        self.since.pop(key, None)


def _place(key: PayloadKey) -> str:
    return f"{key.tenant}#{key.sha256}"
