"""`antipode regions evacuate` and `return`: the order, its progress until the end, and what if it is late."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from stacks.commands import moving_regions
from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, problem


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits between two looks."""
    monkeypatch.setattr(moving_regions, "LOOK_SECONDS", 0.0)


def standing(phase: str, **more: Any) -> dict[str, Any]:
    counts = {"left": 0, "running": 0, "handing": 0, "handed_over": 7} if phase.startswith("evacuat") else {}
    return {"phase": phase, **counts, **more}


def told(phase: str) -> httpx.Response:
    return httpx.Response(200, json={"region": "us-east-1", "standing": {"phase": phase}, "durability": "both"})


def seen(phase: str, **more: Any) -> httpx.Response:
    regions = [{"name": "us-west-2", "standing": standing("active")}]
    return httpx.Response(200, json={"regions": [*regions, {"name": "us-east-1", "standing": standing(phase, **more)}]})


def test_a_region_is_told_to_go_and_followed_until_it_has_gone(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [told("evacuating"), seen("evacuating", left=3, running=1), seen("evacuated")]
    result = antipode("regions", "evacuate", "us-east-1", "--reason", "stuck")
    gone = "us-east-1 evacuated: 0 jobs left, 0 of them running, 0 on their way, 7 handed over"
    assert result.stdout.splitlines()[-1] == gone
    assert [each.url.path for each in api.asked] == ["/v1/regions/us-east-1/evacuate", "/v1/regions", "/v1/regions"]
    assert json.loads(api.asked[0].content) == {"reason": "stuck"}


def test_it_is_told_to_come_back_and_its_standing_is_json(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [told("returning"), seen("returning", waits_for="calm"), seen("active")]
    answer = json.loads(antipode("regions", "return", "us-east-1", "--json").stdout)
    assert answer == {"region": "us-east-1", "standing": {"phase": "active"}}
    assert api.asked[0].url.path == "/v1/regions/us-east-1/return"


def test_without_waiting_the_order_is_all(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [told("evacuating")]
    assert antipode("regions", "evacuate", "us-east-1", "--within", "0").stdout == "us-east-1 evacuating\n"


def test_one_that_is_not_gone_in_time_is_said_and_ends_with_an_error(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [told("evacuating"), *(seen("evacuating", left=1) for _ in range(5000))]
    result = antipode("regions", "evacuate", "us-east-1", "--within", "0.01")
    assert result.exit_code == 2
    assert "us-east-1 is not evacuated after 0 s; it goes on with it" in result.output


def test_the_last_region_that_works_is_refused_in_one_line(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [problem(409, "last_region", "us-west-2 has been told to go")]
    said = one_line(antipode("regions", "evacuate", "us-east-1"))
    assert said == "us-west-2 has been told to go (409 last_region)"
