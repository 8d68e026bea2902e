"""Sessions on the deployed parts: turns sent to both Regions run one at a time, and both show one conversation."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.e2e.deployed import Deployed
from tests.eventually import eventually


def turn(name: str, milliseconds: int = 20, **session: str) -> dict[str, Any]:
    probe = {"agent": "probe", "input": {"steps": 1, "milliseconds": milliseconds}}
    return {**probe, "session": {"name": name, **session}}


def shown(deployed: Deployed, region: str, name: str) -> dict[str, Any]:
    response = deployed.call(region, "GET", f"/sessions/{name}")
    return response.json() if response.status_code == 200 else {"turns": 0}


def lasted(deployed: Deployed, job: str) -> tuple[str, str]:
    """When a turn was first run, and when it ended."""
    events = deployed.events(deployed.first, job)
    return next(each["at"] for each in events if each["kind"] == "attempt_started"), events[-1]["at"]


def test_turns_sent_to_both_regions_run_one_after_the_other_in_the_order_in_which_they_were_sent(
    deployed: Deployed,
) -> None:
    regions = (deployed.first, deployed.second)
    turns = [deployed.submit(regions[number % 2], turn("talk:1"))["id"] for number in range(4)]
    for job in turns:
        for region in regions:
            assert deployed.finished(region, job)["status"] == "succeeded"
    times = [lasted(deployed, job) for job in turns]
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(times)), times
    for region in regions:
        session = eventually(
            lambda region=region: shown(deployed, region, "talk:1"),  # type: ignore[misc]
            lambda found: found["turns"] == 4 and found["running"] is None,
            within=60,
            what="the session has heard of all four turns",
        )
        assert [entry["turn"] for entry in session["memory"][::2]] == turns


@pytest.mark.parametrize(
    ("on_busy", "ends"), [("interrupt", ("cancelled", "succeeded")), ("reject", ("succeeded", "failed"))]
)
def test_a_turn_that_comes_while_another_runs_is_treated_as_its_client_asked(
    deployed: Deployed, on_busy: str, ends: tuple[str, str]
) -> None:
    name = f"talk:{on_busy}"
    long = {**turn(name), "input": {"steps": 8, "milliseconds": 700}}
    running = deployed.submit(deployed.first, long)["id"]
    eventually(
        lambda: deployed.job(deployed.first, running)["status"],
        lambda status: status == "running",
        within=60,
        what="the first turn runs",
    )
    late = deployed.submit(deployed.second, turn(name, on_busy=on_busy))["id"]
    eventually(
        lambda: tuple(deployed.job(deployed.first, job)["status"] for job in (running, late)),
        lambda statuses: statuses == ends,
        within=30,
        what=f"the first turn and the late one have ended as {on_busy!r} says",
    )


def test_a_strangers_session_of_the_same_name_is_another_one(deployed: Deployed) -> None:
    deployed.submit(deployed.first, turn("talk:mine"))
    token = deployed.grant("stranger", "jobs:read")
    response = deployed.call(deployed.first, "GET", "/sessions/talk:mine", token=token)
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")
    assert deployed.call(deployed.first, "GET", "/sessions/talk:mine").status_code == 200
