"""The clients: made once, on first use, and each with the time limits of its use."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.adapters.aws_clients import (
    PEER_LIMIT_SECONDS,
    PEER_PAYLOAD_LIMIT_SECONDS,
    PEER_PAYLOADS,
    PEER_STATE,
    AwsClients,
)
from stacks.catalog import WAITING_SECONDS


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.11.1:4566")
    return AwsClients("us-east-1", "us-west-2", "http://127.0.12.1:4566")


def test_ten_threads_that_ask_at_once_get_the_same_client(clients: AwsClients) -> None:
    with ThreadPoolExecutor(10) as threads:
        made = {id(client) for client in threads.map(lambda _: clients.state(), range(10))}
    assert len(made) == 1


def test_own_clients_go_to_this_region_and_the_peers_to_its_own(clients: AwsClients) -> None:
    where = {
        name: (client.meta.region_name, client.meta.endpoint_url)
        for name, client in (
            ("state", clients.state()),
            ("lanes", clients.lanes()),
            ("model", clients.model()),
            ("payloads", clients.payloads()),
            ("peer", clients.peer_state()),
            ("peer payloads", clients.peer_payloads()),
        )
    }
    own = ("us-east-1", "http://127.0.11.1:4566")
    peers = ("us-west-2", "http://127.0.12.1:4566")
    at_home = dict.fromkeys(("state", "lanes", "model", "payloads"), own)
    assert where == at_home | {"peer": peers, "peer payloads": peers}


def test_on_aws_the_peer_is_reached_at_its_public_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = AwsClients("us-east-1", "us-west-2", None).peer_state()
    assert client.meta.endpoint_url == "https://dynamodb.us-west-2.amazonaws.com"


def test_payloads_lie_at_a_regions_own_address_and_by_path_below_one_that_was_given(
    clients: AwsClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = clients.peer_payloads().generate_presigned_url("get_object", {"Bucket": "kept-payloads", "Key": "k"})
    assert given.startswith("http://127.0.12.1:4566/kept-payloads/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    on_aws = AwsClients("us-east-1", "us-west-2", None)
    for client, region in ((on_aws.payloads(), "us-east-1"), (on_aws.peer_payloads(), "us-west-2")):
        url = client.generate_presigned_url("get_object", {"Bucket": "kept-payloads", "Key": "k"})
        assert url.startswith(f"https://kept-payloads.s3.{region}.amazonaws.com/k?")


def test_one_attempt_at_the_peer_fits_into_its_limit() -> None:
    assert max(PEER_STATE.connect_seconds, PEER_STATE.read_seconds) < PEER_LIMIT_SECONDS < 1
    assert max(PEER_PAYLOADS.connect_seconds, PEER_PAYLOADS.read_seconds) < PEER_PAYLOAD_LIMIT_SECONDS
    assert PEER_PAYLOAD_LIMIT_SECONDS < WAITING_SECONDS / 1.5, "a submit has time to answer after it"


def test_boto3_is_not_loaded_before_the_first_client() -> None:
    code = (
        "import sys\n"
        "from functions.adapters.aws_clients import AwsClients\n"
        "AwsClients('us-east-1', 'us-west-2', None)\n"
        "print('botocore' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
