"""The archive on S3: objects of many jobs each, beside the payloads in the Region's bucket; a lifecycle tiers them.

S3 itself compares what it was sent with the checksum that it was told, so an object is there whole or not at all.
"""

import base64
import hashlib
from typing import TYPE_CHECKING

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.s3_bucket import S3Bucket
from functions.application.archive_ports import ShelfFrozen

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Where in the bucket histories lie; `stacks/constructs/payloads.py` has the rules of their storage.
HISTORIES = "histories"
_FROZEN = "InvalidObjectState"


class S3Archive(S3Bucket):
    """One Region's shelf."""

    async def put(self, name: str, data: bytes) -> None:
        """See Archive."""
        await self._call("put_object", _put, self._bucket, _path(name), data)

    async def get(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """See Archive."""
        data: bytes = await self._call("get_object", _get, self._bucket, _path(name), offset, length)
        return data

    async def size(self, name: str) -> int | None:
        """See Archive."""
        found = await self._described(_path(name))
        return None if found is None else int(found["ContentLength"])

    def _meaning(self, operation: str, error: Exception) -> Exception:
        refusal = refusal_in(error)
        if refusal is not None and refusal.code == _FROZEN:
            return ShelfFrozen(f"{operation}: {refusal.detail}")
        return super()._meaning(operation, error)


def _path(name: str) -> str:
    return f"{HISTORIES}/{name}"


def _put(client: "S3Client", bucket: str, path: str, data: bytes) -> None:
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    client.put_object(Bucket=bucket, Key=path, Body=data, ContentType="application/gzip", ChecksumSHA256=checksum)


def _get(client: "S3Client", bucket: str, path: str, offset: int, length: int | None) -> bytes:
    last = "" if length is None else offset + length - 1
    found = client.get_object(Bucket=bucket, Key=path, Range=f"bytes={offset}-{last}")
    with found["Body"] as body:
        return body.read()
