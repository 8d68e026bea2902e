"""Requests that are signed here are signed as AWS checks them: botocore's own signer comes to the same signatures."""

import re
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from functions.adapters import state_signer
from functions.adapters.aws_clients import AwsClients

REGION = "eu-west-1"
ITEM = {"pk": {"S": "JOB#ä"}, "sk": {"S": "E#1"}}
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/(?P<scope>[^,]+), SignedHeaders=(?P<names>[^,]+), "
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class Clock:
    """Stands still."""

    def __init__(self, now: str) -> None:
        self._now = now

    def now(self) -> str:
        """Return the moment."""
        return self._now


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDUNIT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a/secret+of=unit")
    for name in ("AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def requests_of(endpoint_url: str | None = None, *, answers: tuple[int, ...] = (200,)) -> list[AWSPreparedRequest]:
    """Put an item into the peer's table at this address and return what is sent, until the last of these answers."""
    client: Any = AwsClients("us-east-1", REGION, endpoint_url).peer_state()
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        response = AWSResponse(request.url, answers[len(sent) - 1], HTTPHeaders(), None)
        setattr(response, "_content", b"{}")  # noqa: B010 - read already, as after a streamed answer
        return response

    client.meta.events.register_first("before-send.*.*", answer)
    client.put_item(TableName="any-table", Item=ITEM)
    return sent


def plain(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def authorization(request: AWSPreparedRequest) -> re.Match[str]:
    found = AUTHORIZATION.fullmatch(plain(request.headers["Authorization"]))
    assert found is not None, request.headers["Authorization"]
    return found


def signature_by_botocore(request: AWSPreparedRequest, *, body: bytes | None = None) -> str:
    """Return what botocore makes of the signed part of a request."""
    names = [name for name in authorization(request)["names"].split(";") if name != "host"]
    headers = {name: plain(request.headers[name]) for name in names}
    again = AWSRequest(request.method, request.url, headers, request.body if body is None else body)
    again.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIDUNIT", "a/secret+of=unit"), "dynamodb", REGION)
    return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "https://dynamodb.eu-west-1.amazonaws.com:443",
        "http://127.0.0.1:4566",
        "http://localhost:80",
        "http://[::1]:8000",
        "https://vpce-1.dynamodb.eu-west-1.vpce.amazonaws.com/",
    ],
)
def test_a_request_has_the_signature_that_botocore_makes(address: str | None) -> None:
    (request,) = requests_of(address)
    said = authorization(request)
    assert said["key"] == "AKIDUNIT"
    assert re.fullmatch(rf"\d{{8}}/{REGION}/dynamodb/aws4_request", said["scope"])
    assert said["names"] == "content-type;host;x-amz-date;x-amz-target"
    assert said["signature"] == signature_by_botocore(request)


def test_another_body_has_another_signature() -> None:
    (request,) = requests_of()
    assert authorization(request)["signature"] != signature_by_botocore(request, body=b"{}")


def test_the_token_of_a_role_is_sent_and_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of/a+role==")
    (request,) = requests_of()
    assert plain(request.headers["X-Amz-Security-Token"]) == "of/a+role=="
    assert authorization(request)["names"] == "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
    assert authorization(request)["signature"] == signature_by_botocore(request)


def test_each_attempt_is_signed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    attempts = requests_of(answers=(500, 200))
    assert [plain(each.headers["amz-sdk-request"])[:9] for each in attempts] == ["attempt=1", "attempt=2"]
    assert [authorization(each)["signature"] for each in attempts] == [signature_by_botocore(each) for each in attempts]


@pytest.mark.parametrize("now", ["2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00.000Z"])
def test_each_day_has_its_key(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    monkeypatch.setattr(state_signer, "_clock", Clock(now))
    (request,) = requests_of()
    assert plain(request.headers["X-Amz-Date"]) == now[:19].replace("-", "").replace(":", "") + "Z"
    assert authorization(request)["scope"].startswith(f"{now[:10].replace('-', '')}/")
    assert authorization(request)["signature"] == signature_by_botocore(request)


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoCredentialsError):
        requests_of()
