"""Payloads on S3: one object each, named by tenant and content, in this Region's bucket or directly in the peer's.

Kept payloads and what clients upload lie apart, so that an address signed for an upload can never touch what a job
relies on. Bytes are packed on the way in; what clients upload stays as it is, also when it is taken over.
"""

import asyncio
import base64
import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.application.ports import PayloadKey, PayloadMissing, PayloadPlace, PayloadUnavailable, SignedRequest
from functions.application.record_steps import Say
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

_GONE = frozenset({"404", "NoSuchKey"})
#: These say that the request is wrong, which no waiting mends: they are bugs of ours and pass through as they are.
_OUR_FAULT = frozenset({"InvalidArgument", "InvalidRequest", "MalformedXML"})
_MISCONFIGURED = frozenset({"403", "AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class S3Payloads:
    """One Region's bucket, at the end of `make_client`."""

    def __init__(
        self,
        bucket: str,
        make_client: Callable[[], "S3Client"],
        calls: BlockingCalls,
        say: Say,
        limit_seconds: float | None = None,
    ) -> None:
        self._bucket = bucket
        self._make_client = make_client
        self._calls = calls
        self._say = say
        self._limit_seconds = limit_seconds
        self._client: S3Client | None = None

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
            try:
                found = await self._call("head_object", _head, self._bucket, path)
            except PayloadMissing:
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
        client = await self._made()
        parameters = {"Bucket": self._bucket, "Key": path, **asked}
        return await self._calls.run(client.generate_presigned_url, operation, parameters, seconds)

    async def _made(self) -> "S3Client":
        if self._client is None:  # making it takes CPU, which must not count against a limit meant for the network
            self._client = await self._calls.run(self._make_client)
        return self._client

    async def _call(self, operation: str, act: Callable[..., Any], *arguments: object) -> Any:
        client = await self._made()
        try:
            return await asyncio.wait_for(self._calls.run(act, client, *arguments), self._limit_seconds)
        except TimeoutError:
            raise PayloadUnavailable(f"{operation}: no answer within {self._limit_seconds} s") from None
        except Exception as error:
            raise self._meaning(operation, error) from error

    def _meaning(self, operation: str, error: Exception) -> Exception:
        refusal = refusal_in(error)
        if refusal is None or refusal.code in _OUR_FAULT:
            return error
        if refusal.code in _GONE:
            return PayloadMissing(f"{operation}: {refusal.detail}")
        if refusal.code in _MISCONFIGURED:
            self._say("payloads_misconfigured", level="ERROR", operation=operation, error=refusal.detail)
        return PayloadUnavailable(f"{operation}: {refusal.detail}")


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


def _head(client: "S3Client", bucket: str, path: str) -> Any:
    return client.head_object(Bucket=bucket, Key=path)


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
