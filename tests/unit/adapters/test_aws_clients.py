"""The clients: made once, on first use, and each with the time limits of its use."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.adapters.aws_clients import PEER_LIMIT_SECONDS, PEER_STATE, AwsClients


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
            ("peer", clients.peer_state()),
        )
    }
    own = ("us-east-1", "http://127.0.11.1:4566")
    assert where == {"state": own, "lanes": own, "model": own, "peer": ("us-west-2", "http://127.0.12.1:4566")}


def test_on_aws_the_peer_is_reached_at_its_public_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unit")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unit")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = AwsClients("us-east-1", "us-west-2", None).peer_state()
    assert client.meta.endpoint_url == "https://dynamodb.us-west-2.amazonaws.com"


def test_one_attempt_at_the_peer_fits_into_its_limit() -> None:
    assert max(PEER_STATE.connect_seconds, PEER_STATE.read_seconds) < PEER_LIMIT_SECONDS < 1


def test_boto3_is_not_loaded_before_the_first_client() -> None:
    code = (
        "import sys\n"
        "from functions.adapters.aws_clients import AwsClients\n"
        "AwsClients('us-east-1', 'us-west-2', None)\n"
        "print('botocore' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
