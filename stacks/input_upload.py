"""A job's input that is too large for a request: uploaded first, and submitted as a reference to the upload.

A file of its own beside `api_client`, for the upload goes to an address of the store, not to the API.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx

from stacks.api_client import ApiClient, ApiError, ApiUnreachable

#: An input whose JSON is larger is uploaded first, as by the Python client: a request may have 4 MB in all.
LARGEST_SENT_BYTES = 3_500_000
UPLOAD_SECONDS = 120.0
#: An upload that fails is begun anew, at an address that another Region may have signed.
TRIES = 3


def sent_input(client: ApiClient, value: Any) -> Any:
    """Return what to submit for an input: itself, or a reference to it once it is uploaded. Raises ApiError."""
    content = json.dumps(value).encode()
    if len(content) <= LARGEST_SENT_BYTES:
        return value
    for left in reversed(range(TRIES)):
        opened = client.open_upload(len(content), hashlib.sha256(content).hexdigest(), elsewhere=left % 2 == 1)
        try:
            upload(opened["upload"], content)
        except ApiUnreachable:
            if not left:
                raise
        else:
            return opened["reference"]
    raise AssertionError("the last try returns or raises")


def upload(request: Mapping[str, Any], content: bytes) -> None:
    """Send the bytes as the API has said. Raises ApiError; ApiUnreachable where another try may mend it."""
    headers = {name: value for name, value in request["headers"].items() if name.lower() != "content-length"}
    try:
        answer = httpx.request(
            request["method"], request["url"], headers=headers, content=content, timeout=UPLOAD_SECONDS
        )
    except httpx.RequestError as error:
        raise ApiUnreachable(f"the input cannot be uploaded: {error}") from error
    if answer.status_code >= 500:
        raise ApiUnreachable(f"the input cannot be uploaded: the store answers {answer.status_code}")
    if answer.is_error:
        raise ApiError(f"the input cannot be uploaded: the store refuses it ({answer.status_code})")
