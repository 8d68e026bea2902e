"""The examples of docs/client.md run as they stand, against an API of a few lines."""

import re
from typing import Any

import httpx
import pytest

from functions.sdk import client as sdk
from tests.architecture.sources import CHECKOUT
from tests.unit.sdk.two_apis import EAST, TwoApis

PAGE = (CHECKOUT / "docs" / "client.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> TwoApis:
    """Whatever client an example makes speaks to these."""
    apis = TwoApis()
    for name in ("AntipodeClient", "AsyncAntipodeClient"):
        real = getattr(sdk, name)

        def made(*given: Any, real: Any = real, **options: Any) -> Any:
            return real(*given, **options, transport=httpx.MockTransport(apis.answer), time=apis.time)

        monkeypatch.setattr(sdk, name, made)
    return apis


def finished_page(_: httpx.Request) -> httpx.Response:
    event = {"sequence": 1, "epoch": 1, "region": "us-east-1", "kind": "withdrawn", "at": "T"}
    body = {
        "events": [event],
        "next": "1.us-east-1.1",
        "rewound": True,
        "rewound_to": 0,
        "behind": False,
        "finished": True,
    }
    return httpx.Response(200, json=body)


def test_the_examples_run_one_after_the_other(apis: TwoApis, capsys: pytest.CaptureFixture[str]) -> None:
    known: dict[str, Any] = {}
    for example in EXAMPLES:
        if "client.follow" in example and "async" not in example:
            apis.answers = [finished_page]
        exec(compile(example, "docs/client.md", "exec"), known)
    said = capsys.readouterr().out
    assert len(EXAMPLES) == 5
    assert "succeeded {'steps': 3" in said
    assert "1 withdrawn {}" in said
    assert "what came after 0 does not count" in said
    assert set(apis.hosts()) == {EAST}
    assert "audit" in known


def test_the_times_on_the_page_are_those_of_the_rules() -> None:
    from functions.sdk import client_calls, client_failover

    call = client_failover.Call(method="POST", path="", read=lambda body: body)
    assert f"after {call.seconds:g} s for what writes, {client_calls.READ_SECONDS:g} s for what reads" in PAGE
    assert f"comes last for {client_failover.HOLD_SECONDS:g} s" in PAGE
    assert f"{client_failover.PROBE_SECONDS:g} s at most" in PAGE
    assert f"more than {client_calls.LARGEST_SENT_BYTES / 1_000_000:g} MB" in PAGE
