"""What is sent to S3, and what its refusals mean."""

import asyncio
import gzip
import hashlib
import io
import threading
from collections.abc import Iterator

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from functions.adapters.aws_clients import AwsClients
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.s3_payloads import S3Payloads
from functions.application.ports import PayloadKey, PayloadMissing, PayloadPlace, PayloadUnavailable

DATA = b'{"a":1}'
KEY = PayloadKey("a/c", hashlib.sha256(DATA).hexdigest())
PATH = f"payloads/a%2Fc/{KEY.sha256}"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return AwsClients("us-east-1", "us-west-2", None)


@pytest.fixture
def stubber(clients: AwsClients) -> Iterator[Stubber]:
    with Stubber(clients.payloads()) as stubber:
        yield stubber


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def payloads(clients: AwsClients, said: list[str]) -> S3Payloads:
    calls = BlockingCalls("payloads", 1)
    return S3Payloads("kept", clients.payloads, calls, lambda event, **fields: said.append(event))


def body(data: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(data), len(data))


def test_a_payload_is_sent_packed_with_its_size_under_its_tenant_and_digest(
    payloads: S3Payloads, stubber: Stubber
) -> None:
    sent: list[bytes] = []
    expected = {
        "Bucket": "kept",
        "Key": PATH,
        "Body": ANY,
        "ContentType": "application/json",
        "ContentEncoding": "gzip",
        "Metadata": {"size": str(len(DATA))},
    }
    payloads_client = stubber.client
    payloads_client.meta.events.register_first(
        "before-parameter-build.s3.PutObject", lambda params, **rest: sent.append(params["Body"])
    )
    stubber.add_response("put_object", {}, expected)
    asyncio.run(payloads.put(KEY, DATA))
    assert [gzip.decompress(packed) for packed in sent] == [DATA]


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "RequestTimeout", "AccessDenied", "NoSuchBucket", "403"])
def test_a_store_that_refuses_is_unavailable_and_one_that_is_set_up_wrongly_is_told_of(
    payloads: S3Payloads, stubber: Stubber, said: list[str], code: str
) -> None:
    stubber.add_client_error("get_object", code)
    with pytest.raises(PayloadUnavailable):
        asyncio.run(payloads.get(KEY))
    assert said == (["payloads_misconfigured"] if code in ("AccessDenied", "NoSuchBucket", "403") else [])


def test_a_request_of_ours_that_is_wrong_passes_through_as_the_bug_that_it_is(
    payloads: S3Payloads, stubber: Stubber
) -> None:
    stubber.add_client_error("copy_object", "InvalidRequest")
    with pytest.raises(Exception, match="InvalidRequest") as caught:
        asyncio.run(payloads.take_over(KEY, PayloadPlace("kept/uploads/x", 7, "")))
    assert not isinstance(caught.value, PayloadUnavailable | PayloadMissing)


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(DATA)[:-12] + b"!" * 12], ids=["no gzip", "damaged"])
def test_what_cannot_be_unpacked_counts_as_missing(payloads: S3Payloads, stubber: Stubber, packed: bytes) -> None:
    stubber.add_response("get_object", {"Body": body(packed), "ContentEncoding": "gzip"})
    with pytest.raises(PayloadMissing, match="damaged"):
        asyncio.run(payloads.get(KEY))


def test_what_would_unpack_to_more_than_a_payload_may_have_is_cut_off(
    payloads: S3Payloads, stubber: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.adapters.s3_payloads.LARGEST_PAYLOAD_BYTES", 1000)
    stubber.add_response("get_object", {"Body": body(gzip.compress(b"x" * 100_000)), "ContentEncoding": "gzip"})
    assert asyncio.run(payloads.get(KEY)) == b"x" * 1000


def test_what_an_upload_says_of_itself_is_not_believed(payloads: S3Payloads, stubber: Stubber) -> None:
    upload = f"uploads/a%2Fc/{KEY.sha256}"
    stubber.add_client_error("head_object", "404", expected_params={"Bucket": "kept", "Key": PATH})
    described = {"ContentLength": 7, "ContentEncoding": "gzip", "Metadata": {}}
    stubber.add_response("head_object", described, {"Bucket": "kept", "Key": upload})
    place = asyncio.run(payloads.find(KEY))
    assert place == PayloadPlace(f"kept/{upload}", 7, "")


def test_a_peer_that_does_not_answer_in_time_is_unavailable(clients: AwsClients) -> None:
    answered = threading.Event()
    calls = BlockingCalls("payloads", 1)

    def answer_late(**rest: object) -> None:
        answered.wait(10)

    clients.payloads().meta.events.register_first("before-send.s3.GetObject", answer_late)
    slow = S3Payloads("kept", clients.payloads, calls, lambda event, **fields: None, 0.05)
    try:
        with pytest.raises(PayloadUnavailable, match=r"no answer within 0\.05 s"):
            asyncio.run(slow.get(KEY))
    finally:
        answered.set()


def test_an_upload_is_signed_for_its_size_and_its_checksum_at_the_regions_own_address(payloads: S3Payloads) -> None:
    signed = asyncio.run(payloads.sign_upload(KEY, len(DATA), 900))
    assert signed.url.startswith(f"https://kept.s3.us-east-1.amazonaws.com/uploads/a%252Fc/{KEY.sha256}?")
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256&" in signed.url
    assert set(signed.headers) == {"Content-Length", "Content-Type", "x-amz-checksum-sha256"}
    assert "X-Amz-Expires=900" in signed.url
