"""`antipode top`: what is seen of both Regions, whoever answers, how it is drawn, and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console

from stacks.api_client import ApiUnreachable
from stacks.commands import top
from stacks.top.asking import SILENT_SECONDS, Asking
from stacks.top.drawing import SIDE_BY_SIDE, drawn
from stacks.top.seen import Answered, seen
from tests.cli.conftest import Antipode

EAST, WEST = "us-east-1", "us-west-2"
REFUSED = "http://us-east-1.api.antipode.test/v1 does not answer: [Errno 111] Connection refused"
LANE: dict[str, Any] = {
    "waiting": 3,
    "in_flight": 2,
    "estimated_wait_seconds": 1.5,
    "oldest_wait_seconds": 0.8,
    "started_per_minute": 12.0,
    "ended_per_minute": 11.0,
    "failed_per_minute": 0.0,
    "bound_seconds": 900.0,
    "admitting": True,
}
FULL = {**LANE, "waiting": 5120, "estimated_wait_seconds": 1260.0, "admitting": False, "failed_per_minute": 4.0}
UNKNOWN = {**LANE, **dict.fromkeys(("waiting", "in_flight", "estimated_wait_seconds", "oldest_wait_seconds"))}


def says(name: str, peer: str, *, lost: bool = False, lane: Mapping[str, Any] = LANE) -> dict[str, Any]:
    """What a Region answers; of its peer it knows less."""
    own = {"name": name, "heartbeat_age_seconds": 1.2, "fresh": True, "lanes": {"critical": LANE, "batch": lane}}
    other = {"name": peer, "heartbeat_age_seconds": 48.0, "fresh": not lost, "lanes": {"batch": UNKNOWN}}
    since = "2030-01-01T00:02:11.000Z" if lost else None
    return {"answered_by": name, "regions": [own, other], "peer": {"region": peer, "lost": lost, "since": since}}


def shown(answers: Mapping[str, Answered], width: int = 160) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(drawn(seen(answers), "2030-01-01T00:03:00Z", width))
    return console.export_text()


BOTH = {EAST: Answered(says(EAST, WEST, lane=FULL)), WEST: Answered(says(WEST, EAST))}
ONE_DOWN = {EAST: Answered(says(EAST, WEST), 40.0, REFUSED), WEST: Answered(says(WEST, EAST, lost=True))}


def test_each_region_tells_of_itself() -> None:
    east, west = seen(BOTH)
    assert (east.state, east.told_by, east.heartbeat_age, east.running) == ("up", EAST, 1.2, 4)
    assert east.lanes["batch"] == FULL
    assert (west.state, west.told_by, west.lanes["batch"]) == ("up", WEST, LANE)


def test_of_a_region_that_is_down_the_other_one_tells() -> None:
    east, west = seen(ONE_DOWN)
    assert (east.state, east.told_by, east.heartbeat_age, east.running) == ("lost", WEST, 48.0, None)
    assert (east.lost_since, east.trouble) == ("2030-01-01T00:02:11.000Z", REFUSED)
    assert (west.state, west.told_by) == ("up", WEST)


def test_one_that_fails_for_a_moment_keeps_what_it_said_of_itself() -> None:
    east, _ = seen({**BOTH, EAST: Answered(says(EAST, WEST), 3.0, REFUSED)})
    assert (east.state, east.told_by) == ("silent", EAST)


def test_when_nobody_answers_that_is_what_is_seen() -> None:
    nobody = {EAST: Answered(None, 3.0, REFUSED), WEST: Answered()}
    assert [region.state for region in seen(nobody)] == ["silent", "unknown"]
    assert "Connection refused" in shown(nobody)


@pytest.mark.parametrize(("width", "beside"), [(SIDE_BY_SIDE, True), (SIDE_BY_SIDE - 1, False), (80, False)])
def test_both_regions_stand_side_by_side_where_there_is_room(width: int, beside: bool) -> None:
    text = shown(BOTH, width)
    (line,) = [line for line in text.splitlines() if EAST in line]
    assert (WEST in line) == beside
    assert max(map(len, text.splitlines())) <= width
    for word in ("critical", "batch", "5120", "21 m", "15 m", "full", "heartbeat 1.2 s ago", "4 failed"):
        assert word in text, word


def test_what_is_not_known_is_a_dash_and_a_lost_region_says_since_when() -> None:
    text = shown(ONE_DOWN, 100)
    (line,) = [line for line in text.splitlines() if "batch" in line and " - " in line]
    assert "11" in line
    assert "lost since 00:02:11" in text
    assert f"lanes as {WEST} last heard of them" in text


@dataclass
class Client:
    """A Region's client that answers, or raises, what the test says."""

    answers: list[dict[str, Any] | ApiUnreachable] = field(default_factory=list)

    def regions(self) -> dict[str, Any]:
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, ApiUnreachable):
            raise answer
        return answer


def test_what_a_region_said_last_is_kept_when_it_falls_silent_and_replaced_when_it_is_back() -> None:
    now = [0.0]
    client = Client([says(EAST, WEST), ApiUnreachable(REFUSED), says(EAST, WEST, lane=FULL)])
    asking = Asking({EAST: client}, 1.0, lambda: now[0])
    assert asking.answers()[EAST] == Answered()
    asking.ask(EAST)
    now[0] = 2.0
    assert asking.answers()[EAST] == Answered(says(EAST, WEST), 2.0)
    asking.ask(EAST)
    assert asking.answers()[EAST] == Answered(says(EAST, WEST), 2.0, REFUSED)
    asking.ask(EAST)
    assert asking.answers()[EAST] == Answered(says(EAST, WEST, lane=FULL), 0.0)
    now[0] = 3.1 + SILENT_SECONDS
    assert asking.answers()[EAST].trouble == "no answer for 5 s"


@pytest.fixture
def regions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Client]:
    clients = {EAST: Client([ApiUnreachable(REFUSED)]), WEST: Client([says(WEST, EAST, lost=True)])}

    def made(slot: int, api_url: str | None, token: str | None, close: ExitStack) -> dict[str, Client]:
        return clients

    monkeypatch.setattr(top, "regional_clients", made)
    return clients


def test_one_look_prints_both_regions_though_one_is_down(antipode: Antipode, regions: dict[str, Client]) -> None:
    result = antipode("top", "--once", env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    assert "lost since 00:02:11" in result.stdout
    assert "● up" in result.stdout


def test_what_is_seen_as_json(antipode: Antipode, regions: dict[str, Client]) -> None:
    found = json.loads(antipode("top", "--json").stdout)
    assert [(each["name"], each["state"], each["told_by"]) for each in found["regions"]] == [
        (EAST, "lost", WEST),
        (WEST, "up", WEST),
    ]
    assert found["regions"][1]["lanes"]["critical"] == LANE
    assert found["regions"][1]["running"] == 4


def test_ctrl_c_ends_it_without_a_word(
    antipode: Antipode, regions: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    def interrupt(asking: Asking, seconds: float) -> None:
        looks.append("look")
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Asking, "wait", interrupt)
    result = antipode("top", env={"FORCE_COLOR": "1", "COLUMNS": "160"})
    assert (result.exit_code, len(looks)) == (0, 3)
    assert "Traceback" not in result.output
    assert result.stdout.endswith("\x1b[?25h\x1b[?1049l"), "cursor and screen are given back"


@pytest.mark.parametrize("given", ["api.example.com", "us-east-1.api.example.com"])
def test_a_region_is_asked_at_its_own_address(given: str) -> None:
    found = [top.regional_url(f"https://{given}/v1", name, [EAST, WEST]) for name in (EAST, WEST)]
    assert found == [f"https://{name}.api.example.com/v1" for name in (EAST, WEST)]
