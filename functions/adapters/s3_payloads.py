"""Payloads on S3: one object each, named by tenant and content, in this Region's bucket or directly in the peer's.

Kept payloads and what clients upload lie apart, so that an address signed for an upload can never touch what a job
relies on. Bytes are packed on the way in; what clients upload stays as it is, also when it is taken over.
"""

import base64
import gzip
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from functions.adapters.s3_bucket import S3Bucket
from functions.application.ports import PayloadKey, PayloadMissing, PayloadPlace, SignedRequest
from functions.domain.payload import LARGEST_PAYLOAD_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEPT, UPLOADS = "payloads", "uploads"
_JSON = "application/json"
_GZIP = "gzip"
_SIZE = "size"
#: A fifth of the time that the default level takes, for a few per cent more bytes.
_FAST = 1
_READS_GZIP = 16 + zlib.MAX_WBITS


class S3Payloads(S3Bucket):
    """One Region's payloads in its bucket."""

    async def put(self, key: PayloadKey, data: bytes) -> None:
        """See Payloads."""
        await self._call("put_object", _put, self._bucket, _path(KEPT, key), data)

    async def get(self, key: PayloadKey) -> bytes:
        """See Payloads."""
        data: bytes = await self._call("get_object", _get, self._bucket, _path(KEPT, key))
        return data

    async def find(self, key: PayloadKey) -> PayloadPlace | None:
        """See Payloads."""
        for shelf in (KEPT, UPLOADS):
            path = _path(shelf, key)
            found = await self._described(path)
            if found is None:
                continue
            size = int(found["Metadata"].get(_SIZE, found["ContentLength"]))
            packed = shelf == KEPT and found.get("ContentEncoding") == _GZIP
            return PayloadPlace(f"{self._bucket}/{path}", size, _GZIP if packed else "")
        return None

    async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
        """See Payloads."""
        await self._call("copy_object", _copy, self._bucket, _path(KEPT, key), place)

    async def sign_upload(self, key: PayloadKey, size: int, seconds: int) -> SignedRequest:
        """See Payloads. S3 holds the upload to the size and the checksum, since both are signed."""
        checksum = base64.b64encode(bytes.fromhex(key.sha256)).decode()
        asked = {"ContentLength": size, "ContentType": _JSON, "ChecksumSHA256": checksum}
        url = await self._sign("put_object", _path(UPLOADS, key), seconds, asked)
        headers = {"Content-Length": str(size), "Content-Type": _JSON, "x-amz-checksum-sha256": checksum}
        return SignedRequest("PUT", url, headers)

    async def sign_download(self, key: PayloadKey, seconds: int) -> SignedRequest:
        """See Payloads."""
        return SignedRequest("GET", await self._sign("get_object", _path(KEPT, key), seconds, {}), {})

    async def _sign(self, operation: str, path: str, seconds: int, asked: Mapping[str, object]) -> str:
        parameters = {"Bucket": self._bucket, "Key": path, **asked}
        url: str = await self._calls.call(
            "generate_presigned_url", ClientMethod=operation, Params=parameters, ExpiresIn=seconds
        )
        return url


def _path(shelf: str, key: PayloadKey) -> str:
    return f"{shelf}/{quote(key.tenant, safe='')}/{key.sha256}"


def _put(client: "S3Client", bucket: str, path: str, data: bytes) -> None:
    client.put_object(
        Bucket=bucket,
        Key=path,
        Body=gzip.compress(data, _FAST, mtime=0),
        ContentType=_JSON,
        ContentEncoding=_GZIP,
        Metadata={_SIZE: str(len(data))},
    )


def _get(client: "S3Client", bucket: str, path: str) -> bytes:
    found = client.get_object(Bucket=bucket, Key=path)
    with found["Body"] as body:
        data = body.read()
    if found.get("ContentEncoding") != _GZIP:
        return data
    try:
        return zlib.decompressobj(_READS_GZIP).decompress(data, LARGEST_PAYLOAD_BYTES)
    except zlib.error as error:
        raise PayloadMissing(f"{path} is damaged: {error}") from error


def _copy(client: "S3Client", bucket: str, path: str, place: PayloadPlace) -> None:
    """Give the copy our own description: what an upload says of itself is its client's word."""
    packed: Any = {"ContentEncoding": place.encoding} if place.encoding else {}
    client.copy_object(
        Bucket=bucket,
        Key=path,
        CopySource=place.name,
        MetadataDirective="REPLACE",
        ContentType=_JSON,
        Metadata={_SIZE: str(place.size)},
        **packed,
    )
