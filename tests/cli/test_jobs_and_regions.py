"""`antipode jobs` and `antipode regions`: tables that show what the API said, whole, or its JSON."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Antipode, one_line
from tests.cli.scripted_api import ScriptedApi, job, problem

LONG_ID = "job_c6hhcb4qurbati5f36ka3hbjckczm4px"
EVENTS = [
    {"sequence": 1, "epoch": 1, "region": "us-east-1", "kind": "submitted", "at": "T1", "agent": "probe"},
    {"sequence": 2, "epoch": 2, "region": "us-west-2", "kind": "adopted", "at": "T2", "reason": "[lost]"},
]
ACTIVE = {"phase": "active"}
BACK = {"phase": "returning", "waits_for": "calm", "until": "T9"}
REGIONS: dict[str, Any] = {
    "answered_by": "us-west-2",
    "regions": [
        {"name": "us-west-2", "heartbeat_at": "T", "heartbeat_age_seconds": 1.234, "fresh": True, "standing": ACTIVE},
        {"name": "us-east-1", "heartbeat_at": None, "heartbeat_age_seconds": None, "fresh": False, "standing": BACK},
    ],
    "lanes": {
        "critical": {"waiting": 4, "in_flight": 2, "estimated_wait_seconds": None, "admitting": True},
        "standard": {"waiting": 4, "in_flight": 2, "estimated_wait_seconds": 3.4, "admitting": True},
        "batch": {"waiting": 5120, "in_flight": 20, "estimated_wait_seconds": 1260.0, "admitting": False},
    },
    "peer": {"region": "us-east-1", "lost": True, "since": "T0"},
}


def test_the_list_shows_every_job_with_its_whole_id(
    antipode: Antipode, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    api.answers = [httpx.Response(200, json={"jobs": [job(id=LONG_ID), job(status="failed")], "next": None})]
    head, first, second = antipode("jobs", "list").stdout.splitlines()
    assert head.split() == ["job", "agent", "status", "lane", "home", "owner", "epoch", "attempts", "created"]
    fields = ["standard", "us-east-1", "us-west-2", "2", "3", "2030-01-01T00:00:00.000Z"]
    assert first.split() == [LONG_ID, "probe", "queued", *fields]
    assert second.split() == ["job_1", "probe", "failed", *fields]


def test_the_list_takes_no_more_than_asked_for(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={"jobs": [job(id="a"), job(id="b")], "next": "more"})]
    result = antipode("jobs", "list", "--limit", "2", "--status", "queued", "--agent", "probe", "--json")
    assert json.loads(result.stdout) == {"jobs": [job(id="a"), job(id="b")]}
    assert dict(api.asked[0].url.params) == {"limit": "100", "status": "queued", "agent": "probe"}


def test_an_empty_list_says_so(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={"jobs": [], "next": None})]
    assert antipode("jobs", "list").stdout == "no jobs\n"


def test_show_prints_every_field(antipode: Antipode, api: ScriptedApi) -> None:
    found = job(status="succeeded", result={"text": "[bold]kept[/bold]"})
    api.answers = [httpx.Response(200, json=found), httpx.Response(200, json=found)]
    lines = antipode("jobs", "show", "job_1").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(found)
    assert lines[-1] == 'result          {"text": "[bold]kept[/bold]"}'
    assert json.loads(antipode("jobs", "show", "job_1", "--json").stdout) == found


def test_events_show_where_each_was_written(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json={"events": EVENTS, "next": 2}) for _ in range(2)]
    _, first, second = antipode("jobs", "events", "job_1").stdout.splitlines()
    assert first.split() == ["1", "1", "us-east-1", "T1", "submitted", "agent=probe"]
    assert second.split() == ["2", "2", "us-west-2", "T2", "adopted", "reason=[lost]"]
    assert json.loads(antipode("jobs", "events", "job_1", "--json").stdout) == {"events": EVENTS}


def test_regions_shows_who_answers_and_who_is_lost(antipode: Antipode, api: ScriptedApi) -> None:
    api.answers = [httpx.Response(200, json=REGIONS) for _ in range(2)]
    assert antipode("regions").stdout.splitlines() == [
        "us-west-2       fresh   heartbeat 1.2 s ago  answers",
        "us-east-1       silent  no heartbeat yet  lost since T0  returning: waits for calm, until T9 at least",
        "lane critical   4 waiting, 2 in flight",
        "lane standard   4 waiting, 2 in flight, new work waits about 3 s",
        "lane batch      5120 waiting, 20 in flight, new work waits about 1260 s: takes in nothing new",
    ]
    assert json.loads(antipode("regions", "--json").stdout) == REGIONS


def test_regions_shows_who_holds_each_lease(antipode: Antipode, api: ScriptedApi) -> None:
    own = {"holder": "us-west-2", "term": 3, "phase": "held", "renewal": 99, "valid_for_seconds": 7.0}
    taken = {"holder": "us-west-2", "term": 2, "phase": "taken", "renewal": 7, "valid_for_seconds": 0.0}
    regions = [region | {"lease": lease} for region, lease in zip(REGIONS["regions"], (own, taken), strict=True)]
    api.answers = [httpx.Response(200, json=REGIONS | {"regions": regions})]
    assert antipode("regions").stdout.splitlines()[:2] == [
        "us-west-2       fresh   heartbeat 1.2 s ago  answers  lease held, term 3, valid for 7 s",
        (
            "us-east-1       silent  no heartbeat yet  lost since T0"
            "  lease taken by us-west-2, term 2: it starts nothing"
            "  returning: waits for calm, until T9 at least"
        ),
    ]


@pytest.mark.parametrize(
    "command", [["jobs", "list"], ["jobs", "show", "x"], ["jobs", "events", "x"], ["regions"], ["regions", "--json"]]
)
def test_a_problem_is_one_line_whatever_was_asked(antipode: Antipode, api: ScriptedApi, command: list[str]) -> None:
    api.answers = [problem(401, "unauthorized", "Send the header Authorization: Bearer <token>.")]
    said = one_line(antipode(*command))
    assert said == "Send the header Authorization: Bearer <token>. (401 unauthorized)"


def test_events_that_are_followed_come_one_a_line_until_the_job_has_ended(antipode: Antipode, api: ScriptedApi) -> None:
    first = {"events": EVENTS[:1], "next": "1.us-east-1.1", "rewound": False, "finished": False}
    nothing = {"events": [], "next": "1.us-east-1.1", "rewound": False, "finished": False}
    last = {"events": EVENTS[1:], "next": "2.us-west-2.2", "rewound": True, "rewound_to": 1, "finished": True}
    api.answers = [httpx.Response(200, json=page) for page in (first, nothing, last) * 2]
    assert antipode("jobs", "events", "job_1", "--follow").stdout.splitlines() == [
        "1  1  us-east-1  T1  submitted  agent=probe",
        "events above 1 were superseded: another Region took the job over from there",
        "2  2  us-west-2  T2  adopted  reason=[lost]",
    ]
    assert [request.url.params["after"] for request in api.asked] == ["0", "1.us-east-1.1", "1.us-east-1.1"]
    assert {request.url.params["wait"] for request in api.asked} == {"20"}
    told = antipode("jobs", "events", "job_1", "--follow", "--json").stdout.splitlines()
    assert [json.loads(line) for line in told] == [EVENTS[0], {"rewound_to": 1}, EVENTS[1]]
