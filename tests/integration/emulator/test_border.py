"""What passes a Region's border, and what not, by order (shims/border.py, shims/function_addresses.py)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from localstack.faults import CLIENTS, Faults
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

ASKS = """
    import urllib.request

    def handler(event, context):
        try:
            with urllib.request.urlopen(event["url"], timeout=1) as reply:
                return {"status": reply.status}
        except OSError as error:
            return {"failed": str(error)}
"""
READS = """
    import boto3
    from botocore.config import Config

    def handler(event, context):
        table = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        try:
            return {"tables": table.list_tables()["TableNames"]}
        except Exception as error:
            return {"failed": type(error).__name__}
"""


def asked(emulators: Emulators, name: str, of: str, by: str = FIRST) -> Any:
    """What a function in one Region hears when it asks another one."""
    return emulators.invoke(name, {"url": f"{emulators.layout.emulator(of).url}/_ministack/health"}, region=by)[0]


@needs_its_shim
def test_a_closed_border_answers_no_function_of_the_peer_and_everybody_else(either: Emulators) -> None:
    faults = Faults(either.layout)
    for region in (FIRST, SECOND):
        either.function("asks-over-the-border", ASKS, region=region)
    assert asked(either, "asks-over-the-border", SECOND) == {"status": 200}
    try:
        before = faults.close_border(SECOND, [FIRST])["turned_away"].get(FIRST, 0)
        assert "timed out" in asked(either, "asks-over-the-border", SECOND)["failed"]
        assert asked(either, "asks-over-the-border", FIRST, by=SECOND) == {"status": 200}, "one direction alone"
        assert asked(either, "asks-over-the-border", SECOND, by=SECOND) == {"status": 200}
        assert faults.border(SECOND)["turned_away"][FIRST] == before + 1
    finally:
        faults.close_border(SECOND, [])
    assert asked(either, "asks-over-the-border", SECOND) == {"status": 200}


@needs_its_shim
def test_a_border_closed_to_clients_is_open_to_functions_and_to_our_own_tools(either: Emulators) -> None:
    faults = Faults(either.layout)
    either.function("asks-as-the-peer", ASKS)
    url = f"{either.layout.emulator(SECOND).url}/restapis/none/live/_user_request_/v1/health"
    try:
        faults.close_border(SECOND, [CLIENTS])
        with httpx.Client(trust_env=False, timeout=0.5) as client:
            try:
                answered: object = client.get(url).status_code
            except httpx.ReadTimeout as error:
                answered = type(error)
        assert answered is httpx.ReadTimeout
        assert either.client("sts", SECOND).get_caller_identity()["Account"]
        assert asked(either, "asks-as-the-peer", SECOND) == {"status": 200}
    finally:
        faults.close_border(SECOND, [])


@needs_its_shim
def test_an_answer_to_a_clients_post_is_lost_and_what_only_asks_is_answered(either: Emulators) -> None:
    faults = Faults(either.layout)
    url = f"{either.layout.emulator(SECOND).url}/restapis/none/live/_user_request_/v1/jobs"
    before = faults.lose_answers(SECOND, 1.0)["lost"]
    try:
        with httpx.Client(trust_env=False, timeout=0.5) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.post(url, json={})
            assert client.get(url).status_code >= 400, "there is no such API, and it says so"
        assert faults.border(SECOND)["lost"] == before + 1
        assert either.client("sts", SECOND).get_caller_identity()["Account"]
    finally:
        assert faults.lose_answers(SECOND, 0.0)["lost_share"] == 0.0


@needs_its_shim
def test_throttling_befalls_functions_and_not_our_own_tools(either: Emulators) -> None:
    faults = Faults(either.layout)
    either.function("reads-tables", READS, allow("dynamodb:ListTables"))
    try:
        faults.throttle_table(FIRST, 1.0)
        assert either.invoke("reads-tables", {})[0] == {"failed": "ProvisionedThroughputExceededException"}
        assert "TableNames" in either.client("dynamodb", FIRST).list_tables()
    finally:
        faults.throttle_table(FIRST, 0.0)
    assert "tables" in either.invoke("reads-tables", {})[0]
    assert faults.border(FIRST)["throttled"] == 1
