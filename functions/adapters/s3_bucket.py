"""One Region's bucket, of payloads and archive: how S3 is called, and what its refusals mean to the use cases."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.ports import PayloadMissing, PayloadUnavailable
from functions.application.record_steps import Say

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = frozenset({"404", "NoSuchKey"})
#: These say that the request is wrong, which no waiting mends: they are bugs of ours and pass through as they are.
_OUR_FAULT = frozenset({"InvalidArgument", "InvalidRequest", "MalformedXML"})
_MISCONFIGURED = frozenset({"403", "AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class S3Bucket:
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
        self._calls = ClientCalls(make_client, calls, limit_seconds)
        self._say = say

    async def _described(self, path: str) -> Any:
        """Return what S3 says of an object, or None where none lies."""
        try:
            return await self._call("head_object", _head, self._bucket, path)
        except PayloadMissing:
            return None

    async def _call(self, operation: str, act: Callable[..., Any], *arguments: object) -> Any:
        try:
            return await self._calls.act(act, *arguments)
        except TimeoutError:
            raise PayloadUnavailable(f"{operation}: no answer within {self._calls.limit_seconds} s") from None
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


def _head(client: "S3Client", bucket: str, path: str) -> Any:
    return client.head_object(Bucket=bucket, Key=path)
