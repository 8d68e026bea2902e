"""What a client is told about how to upload an input."""

import asyncio
import hashlib

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.application.keep_payloads import KeepPayloads
from functions.application.open_upload import OpenUpload
from functions.application.ports import PayloadKey
from functions.domain.errors import AntipodeError
from functions.domain.moments import add_seconds
from tests.unit.handlers.conftest import TestClock

DATA = b"[1,2,3]"
HASH = hashlib.sha256(DATA).hexdigest()


def test_a_client_gets_a_request_for_these_bytes_and_the_reference_to_submit() -> None:
    clock = TestClock()
    opened = asyncio.run(OpenUpload(own=MemoryPayloads(MemoryBuckets(), "own"), clock=clock).open("acme", HASH, 7))
    assert opened == {
        "upload": {
            "method": "PUT",
            "url": f"memory://own/uploads/acme/{HASH}?seconds=900",
            "headers": {"Content-Length": "7"},
            "expires_at": add_seconds(clock.now(), 900),
        },
        "reference": {"$payload": {"sha256": HASH, "bytes": 7}},
    }


def test_the_reference_is_one_that_a_submission_takes() -> None:
    own = MemoryPayloads(MemoryBuckets(), "own")
    opened = asyncio.run(OpenUpload(own=own, clock=TestClock()).open("acme", HASH, 7))
    peer, owed = MemoryPayloads(own.buckets, "peer"), MemoryOwedCopies(MemoryTable())
    keep = KeepPayloads(own=own, peer=peer, owed=owed, clock=TestClock())
    with pytest.raises(AntipodeError, match="no payload of this SHA-256 has been uploaded here"):
        asyncio.run(keep.adopt_input("acme", opened["reference"], lambda value: None))
    own.upload(PayloadKey("acme", HASH), DATA)
    checked: list[object] = []
    recorded = asyncio.run(keep.adopt_input("acme", opened["reference"], checked.append))
    assert (recorded, checked) == (opened["reference"], [[1, 2, 3]])
