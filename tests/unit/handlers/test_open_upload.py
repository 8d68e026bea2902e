"""POST /v1/payloads: a request by which to upload, or a problem that names the field."""

import json
from typing import Any

import pytest

from functions.domain.payload import LARGEST_PAYLOAD_BYTES
from functions.handlers.open_upload import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of

HASH = "0f" * 32
GOOD: dict[str, Any] = {"bytes": 12, "sha256": HASH}


def ask(body: object) -> dict[str, Any]:
    request = event("open_upload")
    request["body"] = body if isinstance(body, str) else json.dumps(body)
    return handle(request, None)


def test_a_good_request_is_answered_with_how_to_upload_and_what_to_submit(process: Process) -> None:
    response = handle(event("open_upload"), None)
    body = body_of(response)
    assert response["statusCode"] == 201
    assert response["headers"]["Cache-Control"] == "no-store"
    assert body["reference"] == {"$payload": {"sha256": HASH, "bytes": 12}}
    assert body["upload"] == {
        "method": "PUT",
        "url": f"memory://us-east-1/uploads/acme/{HASH}?seconds=900",
        "headers": {"Content-Length": "12"},
        "expires_at": "2026-11-21T12:15:00.000Z",
    }


def test_the_largest_payload_may_be_uploaded(process: Process) -> None:
    assert ask({**GOOD, "bytes": LARGEST_PAYLOAD_BYTES})["statusCode"] == 201


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ("", 400, "invalid_json", None),
        ("{", 400, "invalid_json", None),
        ("[]", 400, "invalid_body", None),
        ({}, 400, "invalid_body", "bytes"),
        ({"bytes": 12}, 400, "invalid_body", "sha256"),
        ({**GOOD, "bytes": 0}, 400, "invalid_body", "bytes"),
        ({**GOOD, "bytes": "12"}, 400, "invalid_body", "bytes"),
        ({**GOOD, "bytes": 1.5}, 400, "invalid_body", "bytes"),
        ({**GOOD, "bytes": LARGEST_PAYLOAD_BYTES + 1}, 413, "payload_too_large", "bytes"),
        ({**GOOD, "sha256": HASH.upper()}, 400, "invalid_body", "sha256"),
        ({**GOOD, "sha256": HASH + "\n"}, 400, "invalid_body", "sha256"),
        ({**GOOD, "sha256": "../x"}, 400, "invalid_body", "sha256"),
        ({**GOOD, "tenant": "globex"}, 400, "invalid_body", "tenant"),
        (" " * 5000, 413, "payload_too_large", None),
    ],
)
def test_a_bad_request_names_its_field(
    process: Process, body: object, status: int, code: str, field: str | None
) -> None:
    response = ask(body)
    problem = body_of(response)
    assert (response["statusCode"], problem["code"], problem.get("field")) == (status, code, field)
