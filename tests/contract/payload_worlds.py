"""What the contract of payloads runs on: both Regions' stores in memory, and on S3's own protocol."""

import itertools
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.memory_payloads import MemoryBuckets, MemoryPayloads
from functions.adapters.s3_payloads import UPLOADS, S3Payloads
from functions.application.ports import PayloadKey, Payloads
from tests.contract.worlds import EAST, WEST, say

_numbers = itertools.count(1)
_calls = BlockingCalls("payloads", 4)


@dataclass(frozen=True)
class Buckets:
    """Both Regions' stores; `upload` does what a client does, `refuse` lets the own one answer nothing more."""

    own: Payloads
    peer: Payloads
    upload: Callable[[PayloadKey, bytes], None]
    refuse: Callable[[], None]


def buckets_in_memory() -> Buckets:
    """The twin."""
    shared = MemoryBuckets()
    own, peer = MemoryPayloads(shared, EAST), MemoryPayloads(shared, WEST)

    def refuse() -> None:
        own.refusing = True

    return Buckets(own, peer, own.upload, refuse)


def buckets_on_s3(clients: AwsClients) -> Buckets:
    """The real adapter. A bucket that refuses is one that is gone."""
    run = next(_numbers)
    names = {EAST: f"payloads-{run}-{EAST}", WEST: f"payloads-{run}-{WEST}"}
    clients.payloads().create_bucket(Bucket=names[EAST])
    clients.peer_payloads().create_bucket(
        Bucket=names[WEST], CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )

    def upload(key: PayloadKey, data: bytes) -> None:
        path = f"{UPLOADS}/{urllib.parse.quote(key.tenant, safe='')}/{key.sha256}"
        clients.payloads().put_object(Bucket=names[EAST], Key=path, Body=data, ContentEncoding="gzip")

    def refuse() -> None:
        clients.payloads().delete_bucket(Bucket=names[EAST])

    own = S3Payloads(names[EAST], clients.payloads, _calls, say)
    return Buckets(own, S3Payloads(names[WEST], clients.peer_payloads, _calls, say), upload, refuse)
