"""Both clients, from one set of rules: what they send, what they give, and how they outlive a Region."""

import inspect
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from functions.adapters.aws_clients import PEER_LIMIT_SECONDS
from functions.adapters.submit_body import SubmitBody
from functions.sdk.answers import Job, JobEvent
from functions.sdk.client import (
    AntipodeClient,
    ApiError,
    ApiUnreachable,
    AsyncAntipodeClient,
    Busy,
    Conflict,
    Invalid,
    JobNotFinished,
    NotAllowed,
    NotFound,
    NotTheApi,
    Rewound,
    SubmitOptions,
    Unavailable,
)
from functions.sdk.client_failover import CONNECT_SECONDS, HOLD_SECONDS, PROBE_SECONDS, WRITE_SECONDS
from tests.unit.sdk.two_apis import EAST, NAME, STORE, WEST, Caller, TwoApis, missing, problem

INPUT = {"steps": 1, "milliseconds": 1}
#: No submit may take longer when a Region dies.
SLOWEST_SUBMIT = 3.0
Made = Callable[..., Caller]


@pytest.fixture
def apis() -> TwoApis:
    return TwoApis()


@pytest.fixture(params=["threads", "tasks"])
def made(apis: TwoApis, request: pytest.FixtureRequest) -> Made:
    """Make the one client or the other."""
    return apis.threads if request.param == "threads" else apis.tasks


def took(apis: TwoApis, act: Callable[[], Any]) -> float:
    began = apis.time.now
    act()
    return apis.time.now - began


@pytest.mark.parametrize(
    "fault", ["refuses", "is out of reach", "hangs", "fails", "is evacuated", "dies while it answers"]
)
def test_when_a_region_fails_one_call_is_slow_at_most_and_each_submit_is_one_job(
    apis: TwoApis, made: Made, fault: str
) -> None:
    client = made()
    client.submit("probe", INPUT)
    apis.faults[EAST] = fault
    times = [took(apis, lambda: client.submit("probe", INPUT)) for _ in range(5)]
    assert max(times) < SLOWEST_SUBMIT
    assert [seconds for seconds in times if seconds > 0.5] == [seconds for seconds in times[:1] if seconds > 0.5]
    assert apis.hosts() == [EAST, EAST, WEST, WEST, WEST, WEST, WEST]
    assert apis.keys() == ["key-1", "key-2", "key-2", "key-3", "key-4", "key-5", "key-6"]
    assert len(apis.jobs) == 6


@pytest.mark.parametrize("fault", ["refuses", "is out of reach", "hangs", "is reached late and hangs", "fails"])
def test_no_submit_is_slow_though_the_other_region_tries_to_reach_the_dead_one(
    apis: TwoApis, made: Made, fault: str
) -> None:
    client = made()
    client.submit("probe", INPUT)
    apis.faults[EAST] = fault
    apis.answer_seconds = PEER_LIMIT_SECONDS + 0.5
    times = [took(apis, lambda: client.submit("probe", INPUT)) for _ in range(20)]
    assert max(times) < SLOWEST_SUBMIT
    assert max(times[1:]) < apis.answer_seconds + PROBE_SECONDS + 0.01


def test_the_time_for_an_answer_counts_from_when_a_connection_was_looked_for(apis: TwoApis) -> None:
    """Else a Region could be reached late, and then hang for the whole of its time: this is what that took."""
    client = apis.threads()
    apis.faults[EAST] = "is reached late and hangs"
    assert took(apis, lambda: client.submit("probe", INPUT)) < WRITE_SECONDS + 0.1
    apis.faults = {WEST: "is reached late and hangs"}
    client = apis.threads(regions=("us-west-2", "us-east-1"))
    with patch("functions.sdk.client_transport._Left", lambda *_: {"connect": CONNECT_SECONDS, "read": WRITE_SECONDS}):
        assert took(apis, lambda: client.submit("probe", INPUT)) > WRITE_SECONDS + 0.7


def test_a_larger_input_is_given_the_time_that_sending_it_takes(apis: TwoApis, made: Made) -> None:
    apis.faults[EAST] = "hangs"
    submit = made().submit
    assert WRITE_SECONDS + 6 < took(apis, lambda: submit("probe", "x" * 3_000_000)) < WRITE_SECONDS + 6.2


def test_without_its_key_a_submit_that_was_sent_again_would_be_two_jobs(apis: TwoApis, made: Made) -> None:
    """What the key is for, seen without it."""
    apis.faults[EAST] = "dies while it answers"
    apis.time.key = lambda: ""  # type: ignore[method-assign]
    made().submit("probe", INPUT)
    assert len(apis.jobs) == 2


def test_a_region_that_is_back_is_asked_again_after_a_look_at_its_health(apis: TwoApis, made: Made) -> None:
    client = made()
    apis.faults[EAST] = "hangs"
    client.submit("probe", INPUT)
    apis.time.now += HOLD_SECONDS
    assert took(apis, lambda: client.submit("probe", INPUT)) < PROBE_SECONDS + 0.1
    assert apis.hosts()[2:] == [EAST, WEST]
    assert apis.asked[2][1].url.path == "/v1/health"
    apis.time.now += HOLD_SECONDS
    client.submit("probe", INPUT)
    assert apis.hosts()[4:] == [WEST], "each look in vain doubles the time until the next"
    apis.time.now += HOLD_SECONDS
    apis.faults.clear()
    client.submit("probe", INPUT)
    client.submit("probe", INPUT)
    assert apis.hosts()[5:] == [EAST, EAST, EAST]


def test_when_both_regions_are_dead_the_name_is_tried_and_patience_ends(apis: TwoApis, made: Made) -> None:
    apis.faults = {EAST: "refuses", WEST: "hangs", NAME: "refuses"}
    client = made(patience_seconds=10.0)
    with pytest.raises(ApiUnreachable, match="does not answer"):
        client.submit("probe", INPUT)
    assert apis.hosts()[:3] == [EAST, WEST, NAME]
    assert set(apis.keys()) == {"key-1"}
    assert len(apis.failures) == len(apis.asked)
    assert apis.time.pauses == [0.2, 0.4]
    assert apis.time.now - 1000 < 10 + 2


def test_a_region_that_is_slow_is_given_more_time_in_each_round(apis: TwoApis, made: Made) -> None:
    apis.faults = dict.fromkeys((EAST, WEST, NAME), "hangs")
    with pytest.raises(ApiUnreachable):
        made(patience_seconds=60.0).submit("probe", INPUT)
    assert apis.given[:6] == [1.4, 2.8, 2.8, 5.6, 5.6, 5.6], "and once one has failed the other one needs longer"


def test_a_client_with_one_address_waits_for_it(apis: TwoApis, made: Made) -> None:
    made(regions=()).submit("probe", INPUT)
    assert apis.hosts() == [NAME]
    assert apis.given == [30.0]


def test_a_region_that_fails_each_time_is_reported_as_what_it_said(apis: TwoApis, made: Made) -> None:
    apis.faults = dict.fromkeys((EAST, WEST, NAME), "is evacuated")
    with pytest.raises(Unavailable) as caught:
        made(patience_seconds=3.0).job("job_1")
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "state_unavailable", 2.0)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "unknown_agent", Invalid),
        (401, "unauthorized", NotAllowed),
        (403, "forbidden", NotAllowed),
        (409, "idempotency_conflict", Conflict),
        (413, "payload_too_large", Invalid),
        (422, "payload_missing", Invalid),
    ],
)
def test_what_the_other_region_cannot_mend_is_raised_at_once(
    apis: TwoApis, made: Made, status: int, code: str, kind: type[ApiError]
) -> None:
    apis.answers = [lambda _: problem(status, code, "it is so", field="agent")]
    with pytest.raises(kind, match=rf"^agent: it is so \({status} {code}\)$"):
        made().submit("probe", INPUT)
    assert apis.hosts() == [EAST]


def test_what_one_region_does_not_know_the_other_is_asked_for(apis: TwoApis, made: Made) -> None:
    client = made()
    job = client.submit("probe", INPUT)
    apis.answers = [lambda _: missing()]
    assert client.job(job.id).id == job.id
    with pytest.raises(NotFound) as caught:
        client.job("job_none")
    assert caught.value.code == "job_not_found"
    assert apis.hosts()[1:] == [EAST, WEST, EAST, WEST]


def test_a_busy_lane_is_waited_for_as_long_as_it_says(apis: TwoApis, made: Made) -> None:
    apis.answers = [lambda _: problem(429, "throttled", "slow down", after="7")]
    made().submit("probe", INPUT)
    assert (apis.time.pauses, apis.hosts(), apis.keys()) == ([7.0], [EAST, EAST], ["key-1", "key-1"])
    apis.answers = [lambda _: problem(429, "throttled", "slow down", after="3600")]
    with pytest.raises(Busy) as caught:
        made().submit("probe", INPUT)
    assert caught.value.retry_after == 3600.0


def test_what_is_not_the_api_is_said_to_be_something_else(apis: TwoApis, made: Made) -> None:
    apis.answers = [lambda _: httpx.Response(200, text="<html>")]
    with pytest.raises(NotTheApi, match="is it the API"):
        made().regions()
    with pytest.raises(ApiError, match="the token"):
        AntipodeClient(NAME, "ap_ü")


def test_a_field_that_a_newer_api_sends_is_left_out(apis: TwoApis, made: Made) -> None:
    apis.answers = [lambda _: httpx.Response(200, json={"switches": [], "colour": "red"})]
    assert made().switches().model_dump() == {"switches": []}


def test_a_job_is_submitted_and_waited_for(apis: TwoApis, made: Made) -> None:
    client = made()
    job = client.run("probe", INPUT, lane="batch", tags={"a": "b"}, key="order 7")
    assert isinstance(job, Job)
    assert (job.finished, job.result) == (True, {"steps": 3, "payload_bytes": 0})
    assert apis.keys() == ["order 7", None]
    assert apis.asked[1][1].headers["Prefer"] == "wait=10"
    assert apis.asked[1][1].headers["Authorization"] == "Bearer ap_token"


def test_a_wait_that_is_over_leaves_the_job_alone(apis: TwoApis, made: Made) -> None:
    client = made()
    job = client.submit("probe", INPUT)

    def running(_: httpx.Request) -> httpx.Response:
        apis.time.now += 10
        return httpx.Response(200, json={**apis.jobs["key-1"], "status": "running"})

    apis.answers = [running] * 3
    with pytest.raises(JobNotFinished) as caught:
        client.wait(job.id, 25)
    assert caught.value.job_id == job.id
    assert [request.headers["Prefer"] for _, request in apis.asked[1:]] == ["wait=10", "wait=10", "wait=4"]


def test_jobs_and_approvals_are_fetched_page_by_page(apis: TwoApis, made: Made) -> None:
    client = made()
    job = client.submit("probe", INPUT).model_dump(exclude_none=True)
    apis.answers = [
        lambda _: httpx.Response(200, json={"jobs": [job, job], "next": "x#y"}),
        lambda _: httpx.Response(200, json={"jobs": [job], "next": None}),
    ]
    assert len(client.jobs(status="failed")) == 3
    assert dict(apis.asked[2][1].url.params) == {"limit": "100", "status": "failed", "before": "x#y"}
    assert [each.group for each in client.approvals("legal")] == ["legal"]


def page(*events: int, next: str, **said: Any) -> Callable[[httpx.Request], httpx.Response]:
    told = [
        {"sequence": each, "epoch": 1, "region": "r", "kind": "progress", "at": "T", "step": "s", "note": each}
        for each in events
    ]
    body = {"events": told, "next": next, "rewound": "rewound_to" in said, "behind": False, "finished": False, **said}
    return lambda _: httpx.Response(200, json=body)


def test_events_are_followed_from_region_to_region_until_the_end(apis: TwoApis, made: Made) -> None:
    apis.answers = [
        page(1, 2, next="1.r.2"),
        page(next="1.r.2", behind=True),
        page(2, 3, next="2.q.3", rewound_to=1),
        page(4, next="2.q.4", finished=True),
    ]
    seen = made().follow("job_1")
    assert [each.sequence for each in seen] == [1, 2, 1, 2, 3, 4]
    assert [type(each) for each in seen[1:4]] == [JobEvent, Rewound, JobEvent]
    assert seen[0].detail == {"step": "s", "note": 1}
    assert [request.url.params["after"] for _, request in apis.asked] == ["0", "1.r.2", "1.r.2", "2.q.3"]
    assert apis.hosts() == [EAST, EAST, WEST, WEST], "who is behind is not asked again"


def test_a_history_is_read_as_far_as_it_goes(apis: TwoApis, made: Made) -> None:
    apis.answers = [page(*range(1, 501), next="1.r.500"), page(501, next="1.r.501")]
    assert len(made().events("job_1")) == 501
    assert "wait" not in apis.asked[0][1].url.params


def test_following_goes_on_in_the_other_region_when_one_dies(apis: TwoApis, made: Made) -> None:
    def die(_: httpx.Request) -> httpx.Response:
        apis.faults[EAST] = "refuses"
        return page(1, next="1.r.1")(_)

    apis.answers = [die, page(2, next="1.r.2", finished=True)]
    assert [each.sequence for each in made().follow("job_1")] == [1, 2]
    assert apis.hosts() == [EAST, EAST, WEST]


def test_a_large_input_is_uploaded_and_once_more_if_its_region_dies(apis: TwoApis, made: Made) -> None:
    where = {"method": "PUT", "url": STORE, "headers": {"content-length": "5", "x-amz-checksum-sha256": "c"}}
    opened = {"upload": {**where, "expires_at": "T"}, "reference": {"$payload": {"sha256": "0" * 64, "bytes": 5}}}
    client = made(patience_seconds=1.0)

    def dead(_: httpx.Request) -> httpx.Response:
        apis.faults[STORE] = "refuses"
        return httpx.Response(201, json=opened)

    def alive(_: httpx.Request) -> httpx.Response:
        apis.faults.clear()
        return httpx.Response(201, json=opened)

    apis.answers = [dead, alive]
    client.submit("probe", "x" * 3_600_000)
    stored = [request for address, request in apis.asked if address == STORE]
    assert apis.hosts()[0] == EAST
    assert [each for each in apis.hosts() if each != STORE] == [EAST, WEST, EAST]
    assert "Authorization" not in stored[-1].headers
    assert stored[-1].headers["x-amz-checksum-sha256"] == "c"
    assert stored[-1].content == b'"' + b"x" * 3_600_000 + b'"'
    assert b'"$payload"' in apis.asked[-1][1].content


def test_people_act_on_jobs_once_however_often_it_is_sent(apis: TwoApis, made: Made) -> None:
    client = made()
    apis.faults[EAST] = "hangs"
    assert client.signal("job_1", "go/on", {"now": True}).durability == "both"
    assert client.cancel("job_1", reason="enough").requested.change == "cancel"
    assert client.pause("job_1").requested.change == "pause"
    assert client.resume("job_1").requested.change == "resume"
    assert client.decide("apr_1", approved=True, by="Lena").approved
    assert apis.keys()[:2] == ["key-1", "key-1"]
    assert len(set(apis.keys())) == 5
    assert apis.asked[0][1].url.raw_path == b"/v1/jobs/job_1/signals/go%2Fon"


def test_the_rest_of_the_api_is_there(apis: TwoApis, made: Made) -> None:
    client = made()
    assert client.cancel_jobs(agent="probe") == 7
    assert client.set_switch("probe", paused=True).paused
    assert client.switches().switches[0].agent == "probe"
    assert client.session("talk:7").turns == 1
    assert client.agents().agents[0].name == "probe"
    assert client.regions().answered_by == "us-east-1"
    assert client.health().status == "ok"


def test_dead_letters_are_listed_counted_redriven_and_dismissed(apis: TwoApis, made: Made) -> None:
    client = made()
    (letter,) = client.dead_letters(agent="probe", code="step_raised")
    assert dict(apis.asked[0][1].url.params) == {"agent": "probe", "code": "step_raised", "limit": "100"}
    apis.answers = [lambda _: httpx.Response(200, json={"count": 1, "more": False, "dead_letters": []})]
    assert client.preview_dead_letters(meant={"agent": "probe"}).count == 1
    assert client.redrive(ids=[letter.id], rate_per_second=500.0, agent_version="2").agent == "redrive"
    assert json.loads(apis.asked[-1][1].content) == {
        "ids": [letter.id],
        "rate_per_second": 500.0,
        "agent_version": "2",
    }
    pages = [{"dismissed": 100, "next": "x"}, {"dismissed": 7, "next": None}]
    apis.answers = [lambda _, page=each: httpx.Response(202, json=page) for each in pages]  # type: ignore[misc]
    assert client.dismiss(meant={"agent": "probe"}) == 107
    assert json.loads(apis.asked[-1][1].content) == {"filter": {"agent": "probe"}, "before": "x"}
    assert apis.keys() == [None, None, "key-1", None, None]


def test_limits_are_set_and_lifted(apis: TwoApis, made: Made) -> None:
    client = made()
    assert client.set_limit(key="customer:7", concurrency=3).scope
    assert apis.asked[0][1].url.path == "/v1/limits/keys/customer:7"
    assert client.clear_limit(agent="probe").scope
    assert (apis.asked[1][1].method, apis.asked[1][1].content) == ("DELETE", b"")
    assert client.limits().limits


def test_a_job_id_never_becomes_another_path(apis: TwoApis, made: Made) -> None:
    with pytest.raises(NotFound):
        made().job("../regions?x=1")
    assert apis.asked[0][1].url.path == "/v1/jobs/___regions_x_1"


def test_both_clients_are_alike() -> None:
    def shape(client: type) -> dict[str, list[str]]:
        methods = {name.strip("a") if name == "aclose" else name: each for name, each in vars(client).items()}
        return {
            name: list(inspect.signature(each).parameters)
            for name, each in methods.items()
            if inspect.isfunction(each) and not name.startswith("_")
        }

    assert shape(AntipodeClient) == {**shape(AsyncAntipodeClient)}
    assert list(inspect.signature(AntipodeClient).parameters) == list(inspect.signature(AsyncAntipodeClient).parameters)


def test_whatever_the_api_takes_of_a_submit_the_client_takes() -> None:
    asked = set(SubmitBody.model_fields) - {"agent", "input"}
    assert set(SubmitOptions.__annotations__) == asked | {"key"}
