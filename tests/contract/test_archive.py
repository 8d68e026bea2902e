"""The shelf of old histories: objects come back whole or in part, and say it when they are frozen or not there."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.memory_archive import MemoryArchive
from functions.adapters.s3_archive import HISTORIES, S3Archive
from functions.application.archive_ports import Archive, ShelfFrozen
from functions.application.ports import PayloadMissing, PayloadUnavailable
from tests.contract.worlds import EAST, say

NAME, DATA = f"{EAST}/2026-11-21/0a.jsonl.gz", b"first" + b"second" + bytes(100_000)
_numbers = itertools.count(1)
_calls = BlockingCalls("archive", 4)


@dataclass(frozen=True)
class Shelf:
    """One Region's shelf; `freeze` moves what lies there to Deep Archive, `refuse` lets it answer nothing more."""

    archive: Archive
    freeze: Callable[[], None]
    refuse: Callable[[], None]


def shelf_in_memory() -> Shelf:
    """The twin."""
    archive = MemoryArchive()

    def freeze() -> None:
        archive.frozen = True

    def refuse() -> None:
        archive.refusing = True

    return Shelf(archive, freeze, refuse)


def shelf_on_s3(clients: AwsClients) -> Shelf:
    """The real adapter. A bucket that refuses is one that is gone."""
    client, bucket = clients.payloads(), f"histories-{next(_numbers)}"
    client.create_bucket(Bucket=bucket)

    def freeze() -> None:
        client.put_object(Bucket=bucket, Key=f"{HISTORIES}/{NAME}", Body=DATA, StorageClass="DEEP_ARCHIVE")

    def refuse() -> None:
        for found in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            client.delete_object(Bucket=bucket, Key=found["Key"])
        client.delete_bucket(Bucket=bucket)

    return Shelf(S3Archive(bucket, clients.payloads, _calls, say), freeze, refuse)


@pytest.fixture(params=["memory", "s3"])
def shelf(request: pytest.FixtureRequest, clients: AwsClients) -> Shelf:
    """An empty shelf."""
    return shelf_in_memory() if request.param == "memory" else shelf_on_s3(clients)


class TestArchive:
    def test_an_object_comes_back_as_it_was_whole_and_in_part(self, shelf: Shelf) -> None:
        for _ in range(2):
            asyncio.run(shelf.archive.put(NAME, DATA))
        assert asyncio.run(shelf.archive.get(NAME)) == DATA
        assert asyncio.run(shelf.archive.get(NAME, 5, 6)) == b"second"
        assert asyncio.run(shelf.archive.get(NAME, 0, 5)) == b"first"
        assert asyncio.run(shelf.archive.get(NAME, len(DATA) - 1)) == b"\0"
        assert asyncio.run(shelf.archive.size(NAME)) == len(DATA)

    def test_what_was_never_put_is_missing(self, shelf: Shelf) -> None:
        assert asyncio.run(shelf.archive.size(NAME)) is None
        with pytest.raises(PayloadMissing):
            asyncio.run(shelf.archive.get(NAME, 0, 5))

    def test_what_is_in_deep_archive_is_frozen_and_seen_to_be_there(self, shelf: Shelf) -> None:
        asyncio.run(shelf.archive.put(NAME, DATA))
        shelf.freeze()
        assert asyncio.run(shelf.archive.size(NAME)) == len(DATA)
        with pytest.raises(ShelfFrozen):
            asyncio.run(shelf.archive.get(NAME, 0, 5))

    def test_a_shelf_that_refuses_is_unavailable(self, shelf: Shelf) -> None:
        shelf.refuse()
        for call in (shelf.archive.put(NAME, DATA), shelf.archive.get(NAME)):
            with pytest.raises(PayloadUnavailable):
                asyncio.run(call)
