"""Payloads on the emulator's S3, with a key that may do just what the functions' roles may."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.memory import MemoryTable
from functions.adapters.memory_payloads import MemoryOwedCopies
from functions.adapters.s3_payloads import S3Payloads
from functions.adapters.system_clock import SystemClock
from functions.application.keep_payloads import KeepPayloads
from functions.application.open_upload import OpenUpload
from functions.application.ports import PayloadKey
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.payload import PayloadReference, encode_value, reference_in
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, allow

BUCKETS = {FIRST: "payloads-first", SECOND: "payloads-second"}
#: 20 MB, of which a client uploads a value that a function's answer could not hold.
LARGE: Json = {"lines": [f"{number:09} {'x' * 90}" for number in range(190_000)], "gr\u00f6\u00dfe": "20 MB"}


@dataclass(frozen=True)
class Store:
    """The use cases as a function of the first Region has them, and what they are made of."""

    keep: KeepPayloads
    upload: OpenUpload
    own: S3Payloads
    peer: S3Payloads
    said: list[str]


@pytest.fixture(scope="module")
def clients(cloud: Emulators) -> AwsClients:
    """Clients with the key of a user who may do what the functions' roles may, in the first Region's surroundings."""
    for region, bucket in BUCKETS.items():
        placed = {} if region == FIRST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        cloud.client("s3", region).create_bucket(Bucket=bucket, **placed)
    arns = [f"arn:aws:s3:::{bucket}" for bucket in BUCKETS.values()]
    allowed = [allow(["s3:GetObject", "s3:PutObject"], f"{arn}/payloads/*") for arn in arns]
    allowed += [allow("s3:GetObject", f"{arn}/uploads/*") for arn in arns]
    allowed += [allow("s3:ListBucket", arn) for arn in arns]
    allowed += [allow("s3:PutObject", f"{arns[0]}/uploads/*")]
    iam = cloud.client("iam", FIRST)
    iam.create_user(UserName="payloads")
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_user_policy(UserName="payloads", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="payloads")["AccessKey"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        patch.setenv("AWS_ENDPOINT_URL", cloud.layout.emulator(FIRST).url)
        made = AwsClients(FIRST, SECOND, cloud.layout.emulator(SECOND).url)
        made.payloads()
        made.peer_payloads()
    return made


@pytest.fixture
def store(clients: AwsClients) -> Store:
    said: list[str] = []

    def say(event: str, **fields: object) -> None:
        said.append(f"{event}: {fields.get('error')}")

    calls = BlockingCalls("payloads", 4)
    own = S3Payloads(BUCKETS[FIRST], clients.payloads, calls, say)
    peer = S3Payloads(BUCKETS[SECOND], clients.peer_payloads, calls, say)
    clock = SystemClock()
    keep = KeepPayloads(own=own, peer=peer, owed=MemoryOwedCopies(MemoryTable()), clock=clock)
    return Store(keep, OpenUpload(own=own, clock=clock), own, peer, said)


def send(method: str, url: str, headers: Mapping[str, str], data: bytes | None = None) -> tuple[int, bytes, str]:
    """Send a request as a client does that knows nothing of AWS: status, body and the body's encoding."""
    request = urllib.request.Request(url, data, dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read(), reply.headers.get("Content-Encoding", "")
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read(), ""


def test_a_large_value_is_kept_by_both_regions_and_read_back_from_either(store: Store) -> None:
    size = len(encode_value(LARGE, "LARGE"))
    recorded = asyncio.run(store.keep.externalise("acme", LARGE, size))
    reference = reference_in(recorded)
    assert reference is not None
    assert (reference.size, reference.local, store.said) == (size, False, [])
    key = PayloadKey("acme", reference.sha256)
    for region in (store.own, store.peer):
        assert hashlib.sha256(asyncio.run(region.get(key))).hexdigest() == reference.sha256
    assert asyncio.run(store.keep.resolve("acme", recorded)) == LARGE


def test_another_tenant_cannot_name_it(store: Store) -> None:
    value = "a secret " * 20_000
    recorded = asyncio.run(store.keep.externalise("acme", value, 180_002))
    assert asyncio.run(store.keep.resolve("acme", recorded)) == value
    with pytest.raises(AntipodeError, match="neither Region holds"):
        asyncio.run(store.keep.resolve("globex", recorded))


def test_a_client_uploads_20_mb_and_both_regions_keep_them_as_an_input(store: Store) -> None:
    data = encode_value(LARGE, "LARGE")
    reference = PayloadReference(hashlib.sha256(data).hexdigest(), len(data))
    opened = asyncio.run(store.upload.open("initech", reference.sha256, reference.size))
    upload = opened["upload"]
    assert isinstance(upload, dict)
    method, url, headers = upload["method"], upload["url"], upload["headers"]
    assert isinstance(method, str)
    assert isinstance(url, str)
    assert isinstance(headers, dict)
    assert url.startswith("http://127.")
    signed = {name: str(value) for name, value in headers.items()}

    status, answer, _ = send(method, url, signed, b"!" + data[1:])
    assert (status, b"BadDigest" in answer) == (400, True), answer
    status, _, _ = send(method, url, {**signed, "Content-Length": "3"}, b"{ }")
    assert status == 403, "the size is signed"
    with pytest.raises(AntipodeError, match="no payload of this SHA-256"):
        asyncio.run(store.keep.adopt_input("initech", opened["reference"], lambda value: None))

    status, answer, _ = send(method, url, signed, data)
    assert status == 200, answer
    recorded = asyncio.run(store.keep.adopt_input("initech", opened["reference"], lambda value: None))
    assert recorded == reference.to_json(), store.said
    key = PayloadKey("initech", reference.sha256)
    assert asyncio.run(store.peer.get(key)) == data
    assert asyncio.run(store.keep.resolve("initech", recorded)) == LARGE


def test_a_large_result_is_fetched_from_the_address_that_the_job_shows(store: Store) -> None:
    data = encode_value(LARGE, "LARGE")
    recorded = asyncio.run(store.keep.externalise("acme", LARGE, len(data)))
    shown = asyncio.run(store.keep.show_result("acme", {"id": "job_a", "result": recorded}))
    assert set(shown) == {"id", "result_reference"}
    reference = shown["result_reference"]
    assert isinstance(reference, dict)
    status, body, encoding = send("GET", str(reference["url"]), {})
    assert (status, encoding) == (200, "gzip")
    assert gzip.decompress(body) == data


def test_whoever_may_not_write_a_place_cannot_sign_for_it(store: Store) -> None:
    upload = asyncio.run(store.peer.sign_upload(PayloadKey("acme", "ab" * 32), 2, 60))
    status, body, _ = send(upload.method, upload.url, upload.headers, b"{}")
    assert (status, b"AccessDenied" in body) == (403, True), body
