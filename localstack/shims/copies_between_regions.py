"""An object can be copied out of a bucket that lies in another Region: bucket names are one space for all Regions.

Each process knows only its own buckets and refuses a copy whose source lies elsewhere. Here the source is fetched from
the process that has it before the emulator looks at the request, and is known to that one request alone.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

_COPY = Target("services.s3", "_copy_object", "ce47e73298bef8a8")
_SUBJECT = "object"
_SECONDS_FOR_A_LARGE_OBJECT = 30.0
_DESCRIPTION = (
    "etag",
    "size",
    "last_modified",
    "content_type",
    "content_encoding",
    "metadata",
    "preserved_headers",
    "storage_class",
    "checksums",
)

_fetched: ContextVar[tuple[str, dict[str, Any]] | None] = ContextVar("fetched", default=None)
_siblings: dict[str, str] = {}


def install(neighbourhood: Neighbourhood) -> None:
    _siblings.update(neighbourhood.siblings)
    wrap(_COPY, _from_anywhere)
    peering.answer(_SUBJECT, neighbourhood.region, _object_here)


async def fetch_source(scope: peering.Message) -> None:
    """Fetch the object that a request wants copied, if its bucket is another Region's."""
    bucket, key = _source_of(scope)
    if not bucket or module("services.s3")._buckets.get_scoped(peering.ACCOUNT, None, bucket) is not None:
        return
    question = {"bucket": bucket, "key": key}
    for url in _siblings.values():
        try:
            reply = await asyncio.to_thread(peering.ask, url, _SUBJECT, question, _SECONDS_FOR_A_LARGE_OBJECT)
        except (peering.PeerUnreachable, peering.PeerRefused):
            continue
        if reply.get("bucket_is_here"):
            found = reply["object"]
            objects = {} if found is None else {key: {**found, "body": base64.b64decode(found["body"])}}
            _fetched.set((bucket, {"objects": objects, "region": reply["region"]}))
            return


def _source_of(scope: peering.Message) -> tuple[str, str]:
    for name, value in scope["headers"]:
        if name == b"x-amz-copy-source":
            path, _, _ = str(value, "latin-1").partition("?")
            bucket, _, key = unquote(path).lstrip("/").partition("/")
            return bucket, key
    return "", ""


def _object_here(question: dict[str, Any]) -> dict[str, Any]:
    """Answer another process: the object with all that describes it."""
    s3 = module("services.s3")
    bucket = s3._buckets.get(question["bucket"])
    if bucket is None:
        return {"bucket_is_here": False}
    found = bucket["objects"].get(question["key"])
    described: dict[str, Any] | None = None
    if found is not None:
        body = s3._read_body(question["bucket"], question["key"], found)
        described = {name: found.get(name) for name in _DESCRIPTION} | {"body": base64.b64encode(body).decode()}
    return {"bucket_is_here": True, "region": bucket.get("region"), "object": described}


def _from_anywhere(copy: Callable[[str, str, dict[str, str]], Any]) -> Callable[[str, str, dict[str, str]], Any]:
    def copy_object(bucket_name: str, dest_key: str, headers: dict[str, str]) -> Any:
        fetched = _fetched.get()
        if fetched is None:
            return copy(bucket_name, dest_key, headers)
        name, contents = fetched
        buckets = module("services.s3")._buckets
        buckets[name] = contents
        try:
            return copy(bucket_name, dest_key, headers)
        finally:
            del buckets[name]

    return copy_object
