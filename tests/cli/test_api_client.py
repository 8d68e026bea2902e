"""The client sends again what it may, as the same job, and says in one line what it cannot mend."""

from __future__ import annotations

import httpx
import pytest

from stacks.api_client import ApiError, ApiRefused, ApiUnreachable, Submission
from tests.cli.scripted_api import ScriptedApi, job, problem, silence

PROBE = Submission(agent="probe", input={"steps": 1})


def test_every_try_of_a_submit_carries_the_same_key() -> None:
    api = ScriptedApi([silence(), problem(503, "state_unavailable", "ask again"), httpx.Response(202, json=job())])
    assert api.client().submit(PROBE)["id"] == "job_1"
    keys = [request.headers["Idempotency-Key"] for request in api.asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 20
    assert len({request.content for request in api.asked}) == 1


def test_two_submits_are_two_jobs() -> None:
    api = ScriptedApi([httpx.Response(202, json=job()), httpx.Response(202, json=job())])
    with api.client() as client:
        client.submit(PROBE)
        client.submit(PROBE)
    assert len({request.headers["Idempotency-Key"] for request in api.asked}) == 2


def test_a_given_key_is_sent_as_it_is() -> None:
    api = ScriptedApi([httpx.Response(202, json=job())])
    api.client().submit(PROBE, key="order 7", wait_seconds=5)
    assert api.asked[0].headers["Idempotency-Key"] == "order 7"
    assert api.asked[0].headers["Prefer"] == "wait=5"
    assert api.asked[0].headers["Authorization"] == "Bearer ap_token"


def test_what_is_left_out_is_left_to_the_api() -> None:
    assert PROBE.body() == {"agent": "probe", "input": {"steps": 1}}
    assert Submission(agent="a", input=None, delay_seconds=0, tags={}).body() == {
        "agent": "a",
        "input": None,
        "delay_seconds": 0,
        "tags": {},
    }


def test_a_refusal_that_waiting_cannot_mend_is_raised_at_once() -> None:
    api = ScriptedApi([problem(400, "unknown_agent", "no agent is named 'x'", field="agent")])
    with pytest.raises(ApiRefused, match=r"^agent: no agent is named 'x' \(400 unknown_agent\)$") as refused:
        api.client().submit(PROBE)
    assert (refused.value.status, refused.value.code, refused.value.field) == (400, "unknown_agent", "agent")
    assert api.pauses == []


def test_the_pause_is_what_the_api_asks_for() -> None:
    busy = problem(429, "too_many_requests", "slow down")
    busy.headers["Retry-After"] = "7"
    api = ScriptedApi([busy, httpx.Response(200, json=job())])
    api.client().job("job_1")
    assert api.pauses == [7.0]


def test_a_lane_that_is_full_for_longer_than_patience_lasts_is_said_in_one_line_at_once() -> None:
    detail = "lane 'batch' takes in no new work: it would start in about 16 min, the lane's bound is 15 min"
    full = problem(429, "lane_full", detail, lane="batch", estimated_start="2030-01-01T00:16:00.000Z")
    full.headers["Retry-After"] = "60"
    api = ScriptedApi([full])
    with pytest.raises(ApiRefused) as refused:
        api.client(patience_seconds=30.0).submit(PROBE)
    assert str(refused.value) == f"{detail} (429 lane_full)"
    assert refused.value.retry_after == 60.0
    assert api.pauses == []


def test_pauses_grow_until_patience_ends() -> None:
    api = ScriptedApi([silence() for _ in range(20)])
    with pytest.raises(ApiUnreachable, match="does not answer"):
        api.client(patience_seconds=5.0).job("job_1")
    assert api.pauses == [0.2, 0.4, 0.8, 1.6, 2.0]
    assert len(api.failures) == len(api.asked) == 6


def test_the_history_is_read_to_its_end() -> None:
    first = [{"sequence": number} for number in range(1, 501)]
    pages = [{"events": first, "next": 500}, {"events": [{"sequence": 501}], "next": 501}]
    api = ScriptedApi([httpx.Response(200, json=page) for page in pages])
    assert [event["sequence"] for event in api.client().events("job_1")] == list(range(1, 502))
    assert [request.url.params["after"] for request in api.asked] == ["0", "500"]


def test_jobs_are_fetched_page_by_page_as_they_are_taken() -> None:
    pages = [{"jobs": [job(id="a")], "next": "2030#a"}, {"jobs": [job(id="b")], "next": None}]
    api = ScriptedApi([httpx.Response(200, json=page) for page in pages])
    jobs = api.client().jobs(status="failed")
    assert next(jobs)["id"] == "a"
    assert len(api.asked) == 1
    assert [each["id"] for each in jobs] == ["b"]
    assert api.asked[1].url.params["before"] == "2030#a"
    assert {request.url.params["status"] for request in api.asked} == {"failed"}


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[]), httpx.Response(200, json={"a": 1})]
)
def test_what_is_not_the_api_is_said_to_be_something_else(answer: httpx.Response) -> None:
    with pytest.raises(ApiError, match="is it the API"):
        list(ScriptedApi([answer]).client().jobs())


def test_a_problem_of_many_lines_becomes_one() -> None:
    with pytest.raises(ApiRefused) as refused:
        ScriptedApi([httpx.Response(418, text="a\nb\n\nc")]).client().regions()
    assert str(refused.value) == "a b c (418 no_code)"


@pytest.mark.parametrize("key", ["schlüssel", "a\nb"])
def test_a_key_that_is_no_header_is_refused_in_one_line(key: str) -> None:
    api = ScriptedApi([httpx.LocalProtocolError("Illegal header value")])
    with pytest.raises(ApiError, match="cannot be sent in a header"):
        api.client().submit(PROBE, key=key)
    assert api.pauses == []


def test_a_token_that_is_none_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ApiError, match="the token"):
        ScriptedApi().client(token="ap_ü")


def test_approvals_are_fetched_page_by_page() -> None:
    pages = [{"approvals": [{"id": "apr_2"}], "next": "position"}, {"approvals": [{"id": "apr_1"}], "next": None}]
    api = ScriptedApi([httpx.Response(200, json=page) for page in pages])
    assert [each["id"] for each in api.client().approvals("legal")] == ["apr_2", "apr_1"]
    assert [dict(request.url.params) for request in api.asked] == [
        {"group": "legal"},
        {"group": "legal", "after": "position"},
    ]


def test_every_try_of_a_decision_is_the_same_decision() -> None:
    api = ScriptedApi([silence(), httpx.Response(202, json={"id": "apr_1", "settled": True})])
    assert api.client().decide("apr_1", approved=False, by="Lena", comment="no")["settled"] is True
    assert api.bodies() == [{"approved": False, "by": "Lena", "comment": "no"}] * 2
    assert len({request.headers["Idempotency-Key"] for request in api.asked}) == 1
    assert {request.url.path for request in api.asked} == {"/v1/approvals/apr_1"}


def test_a_job_id_never_becomes_another_path() -> None:
    api = ScriptedApi([problem(404, "job_not_found", "there is no such job")])
    with pytest.raises(ApiRefused):
        api.client().job("../regions?x=1")
    assert api.asked[0].url.path == "/v1/jobs/___regions_x_1"


REGIONS = ("http://east.test/v1", "http://west.test/v1")


def test_a_region_that_does_not_answer_is_left_for_the_other_at_once_with_the_same_key() -> None:
    api = ScriptedApi([silence(), *(httpx.Response(202, json=job()) for _ in range(2))])
    client = api.client(regions=REGIONS)
    client.submit(PROBE)
    client.submit(PROBE)
    assert [request.url.host for request in api.asked] == ["east.test", "west.test", "west.test"]
    assert api.asked[0].headers["Idempotency-Key"] == api.asked[1].headers["Idempotency-Key"]
    assert api.pauses == []
    assert [str(each) for each in api.failures] == [
        "http://east.test/v1 does not answer: [Errno 111] Connection refused"
    ]


def test_a_job_that_one_region_does_not_know_yet_is_asked_for_in_the_other() -> None:
    api = ScriptedApi([problem(404, "job_not_found", "there is no such job"), httpx.Response(200, json=job())])
    assert api.client(regions=REGIONS).job("job_1")["id"] == "job_1"
    assert [request.url.host for request in api.asked] == ["east.test", "west.test"]


def test_a_secret_is_rotated_once_whatever_comes_of_it() -> None:
    api = ScriptedApi([problem(503, "state_unavailable", "ask again")])
    with pytest.raises(ApiRefused):
        api.client(regions=REGIONS).webhook("POST", "legal", "/rotate")
    assert len(api.asked) == 1
