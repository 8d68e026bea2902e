"""POST /v1/jobs: a good request is a job; a bad one names its field and leaves nothing behind."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.adapters.submit_body import LARGEST_BODY_BYTES
from functions.application.ports import PayloadKey
from functions.domain.ids import job_id
from functions.domain.job.events import JobSubmitted, JobSucceeded
from functions.domain.job.history import Segment
from functions.domain.lane_flow import DepthSample, LaneDepth
from functions.domain.moments import add_seconds
from functions.handlers.submit_job import handle
from tests.event_files import event
from tests.in_depth import ALL
from tests.unit.handlers.conftest import Process, body_of, log_lines

GOOD = {"agent": "probe", "input": {"steps": 1, "milliseconds": 0}}
JOB = job_id("acme", "order-7")


def submit(body: object, **headers: str) -> dict[str, Any]:
    request = event("submit_job")
    request["body"] = body if isinstance(body, str) else json.dumps(body)
    request["headers"].update(headers)
    return handle(request, None)


def submitted(process: Process) -> JobSubmitted:
    (row,) = process.table.segments.values()
    first = row.segment.events[0]
    assert isinstance(first, JobSubmitted)
    return first


def test_a_good_request_is_answered_with_the_job(process: Process) -> None:
    response = handle(event("submit_job"), None)
    job = body_of(response)
    assert response["statusCode"] == 202
    assert response["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "Location": f"/v1/jobs/{JOB}",
    }
    assert (job["id"], job["status"], job["lane"], job["durability"]) == (JOB, "queued", "batch", "both")
    assert (job["agent"], job["home_region"], job["epoch"]) == ("probe", "us-east-1", 1)
    assert process.table.segments == process.peer_table.segments
    assert [send.message.job_id for send in process.lanes.queues["batch"]] == [JOB]


def test_the_keys_of_limits_are_kept_each_once(process: Process) -> None:
    assert submit({**GOOD, "limit_keys": ["db", "crm:eu", "db"]})["statusCode"] == 202
    assert submitted(process).limit_keys == ["crm:eu", "db"]


@pytest.mark.parametrize("keys", [[], ["a"] * 5, [""], ["a b"], ["x" * 65], [1], "crm"])
def test_keys_of_another_form_are_refused(process: Process, keys: object) -> None:
    answer = submit({**GOOD, "limit_keys": keys})
    assert (answer["statusCode"], body_of(answer)["field"].partition(".")[0]) == (400, "limit_keys")
    assert not process.table.segments


def test_a_lane_that_is_full_is_429_with_when_to_come_again(process: Process) -> None:
    now = process.clock.moment
    process.flow.samples["us-east-1"] = DepthSample(now, {"batch": LaneDepth(16, 2, add_seconds(now, -60))})
    response = submit({**GOOD, "lane": "batch"})
    problem = body_of(response)
    assert (response["statusCode"], response["headers"]["Retry-After"]) == (429, "60")
    assert (problem["code"], problem["lane"]) == ("lane_full", "batch")
    assert problem["estimated_start"] == add_seconds(now, 960)
    assert not process.table.segments
    assert submit({**GOOD, "lane": "critical"})["statusCode"] == 202


def test_every_field_reaches_the_job(process: Process) -> None:
    body = {
        **GOOD,
        "lane": "critical",
        "delay_seconds": 60,
        "deadline": "2026-11-21T14:00:00+01:00",
        "budget": {"steps": 5},
        "callback_url": "https://hooks.example.com/done",
        "tags": {"team": "blue"},
    }
    assert submit(body)["statusCode"] == 202
    job = submitted(process)
    assert (job.tenant, job.agent, job.input, job.lane) == ("acme", "probe", GOOD["input"], "critical")
    assert (job.run_at, job.deadline) == ("2026-11-21T12:01:00.000Z", "2026-11-21T13:00:00.000Z")
    assert (job.budget, job.callback_url) == ({"steps": 5}, "https://hooks.example.com/done")
    assert job.tags == {"team": "blue"}


def test_the_same_key_again_is_the_same_job_and_another_body_a_conflict(process: Process) -> None:
    first, again = body_of(submit(GOOD)), body_of(submit(GOOD))
    assert first == again
    other = submit({**GOOD, "tags": {"a": "b"}})
    assert (other["statusCode"], body_of(other)["code"]) == (409, "idempotency_conflict")


def test_without_a_key_every_submit_is_a_job_of_its_own(process: Process) -> None:
    request = event("submit_job")
    del request["headers"]["Idempotency-Key"]
    ids = {body_of(handle(request, None))["id"] for _ in range(2)}
    assert len(ids) == 2


def test_names_of_headers_are_read_in_any_case(process: Process) -> None:
    request = event("submit_job")
    request["headers"] = {name.lower(): value for name, value in request["headers"].items()}
    assert body_of(handle(request, None))["id"] == JOB


def test_a_body_in_base64_is_read(process: Process) -> None:
    import base64

    request = event("submit_job")
    request["body"] = base64.b64encode(json.dumps(GOOD).encode()).decode()
    request["isBase64Encoded"] = True
    assert handle(request, None)["statusCode"] == 202


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


BAD = [
    ("", "invalid_json", None),
    ("{", "invalid_json", None),
    ("{'agent': 1}", "invalid_json", None),
    ('{"agent": "probe", "input": NaN}', "invalid_json", None),
    ('{"agent": "probe", "input": 1e999}', "invalid_json", None),
    ('{"agent": "probe", "input": "\\ud800"}', "invalid_json", None),
    ('{"agent": "probe", "input": ' + "9" * 5000 + "}", "invalid_json", None),
    ("[" * 100_000, "invalid_body", None),
    ("[]", "invalid_body", None),
    ("null", "invalid_body", None),
    ('"text"', "invalid_body", None),
    ({"input": {}}, "invalid_body", "agent"),
    ({"agent": "probe"}, "invalid_body", "input"),
    ({**GOOD, "agent": 7}, "invalid_body", "agent"),
    ({**GOOD, "agent": ""}, "invalid_body", "agent"),
    ({**GOOD, "agent": "nobody"}, "unknown_agent", "agent"),
    ({**GOOD, "input": {"steps": -1, "milliseconds": 0}}, "invalid_body", "input.steps"),
    ({**GOOD, "input": "text"}, "invalid_body", "input"),
    ({**GOOD, "input": None}, "invalid_body", "input"),
    ({**GOOD, "input": deep(100)}, "invalid_body", "input"),
    ({**GOOD, "lane": "gpu"}, "unknown_lane", "lane"),
    ({**GOOD, "lane": 3}, "invalid_body", "lane"),
    ({**GOOD, "lane": None}, "invalid_body", "lane"),
    ({**GOOD, "color": "red"}, "invalid_body", "color"),
    ({**GOOD, "session": 3}, "invalid_body", "session"),
    ({**GOOD, "session": "a b"}, "invalid_body", "session.name"),
    ({**GOOD, "session": {"on_busy": "queue"}}, "invalid_body", "session.name"),
    ({**GOOD, "session": {"name": "s", "on_busy": "push"}}, "invalid_body", "session.on_busy"),
    ({**GOOD, "agent": "session"}, "unknown_agent", "agent"),
    ({**GOOD, "delay_seconds": -1}, "invalid_body", "delay_seconds"),
    ({**GOOD, "delay_seconds": 31_536_001}, "invalid_body", "delay_seconds"),
    ({**GOOD, "delay_seconds": "5"}, "invalid_body", "delay_seconds"),
    ({**GOOD, "delay_seconds": True}, "invalid_body", "delay_seconds"),
    ({**GOOD, "run_at": "tomorrow"}, "invalid_body", "run_at"),
    ({**GOOD, "run_at": "2026-11-21T14:00:00"}, "invalid_body", "run_at"),
    ({**GOOD, "run_at": "2999-01-01T00:00:00Z"}, "invalid_body", "run_at"),
    ({**GOOD, "run_at": 17}, "invalid_body", "run_at"),
    ({**GOOD, "run_at": "2026-11-21T14:00:00Z", "delay_seconds": 5}, "invalid_body", "run_at"),
    ({**GOOD, "deadline": "tomorrow"}, "invalid_body", "deadline"),
    ({**GOOD, "deadline": "2026-11-21T14:00:00"}, "invalid_body", "deadline"),
    ({**GOOD, "deadline": "9999-12-31T23:59:59-23:59"}, "invalid_body", "deadline"),
    ({**GOOD, "deadline": 17}, "invalid_body", "deadline"),
    ({**GOOD, "budget": {"steps": 0}}, "invalid_body", "budget.steps"),
    ({**GOOD, "budget": {"tokens": 1.5}}, "invalid_body", "budget.tokens"),
    ({**GOOD, "budget": {"euros": 3}}, "invalid_body", "budget.euros"),
    ({**GOOD, "budget": 3}, "invalid_body", "budget"),
    ({**GOOD, "callback_url": "http://169.254.169.254/"}, "invalid_callback_url", "callback_url"),
    ({**GOOD, "callback_url": "ftp://example.com/"}, "invalid_callback_url", "callback_url"),
    ({**GOOD, "callback_url": 5}, "invalid_body", "callback_url"),
    ({**GOOD, "tags": ["a"]}, "invalid_body", "tags"),
    ({**GOOD, "tags": {"a": 1}}, "invalid_body", "tags.a"),
    ({**GOOD, "tags": {"a": "x" * 257}}, "invalid_body", "tags.a"),
    ({**GOOD, "tags": {"": "x"}}, "invalid_body", "tags."),
    ({**GOOD, "tags": {str(n): "x" for n in range(21)}}, "invalid_body", "tags"),
]


@pytest.mark.parametrize(
    ("body", "code", "field"), BAD, ids=[f"{n}-{code}-{field}" for n, (_, code, field) in enumerate(BAD)]
)
def test_a_bad_body_names_its_field_and_writes_nothing(
    process: Process, body: object, code: str, field: str | None
) -> None:
    response = submit(body)
    problem = body_of(response)
    assert response["statusCode"] == 400
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem.get("field"), problem["status"]) == (code, field, 400)
    assert problem["title"]
    assert len(problem["detail"]) <= 400
    assert (process.table, process.peer_table) == (type(process.table)(), type(process.table)())
    assert not any(process.lanes.queues.values())


def test_a_body_nested_too_deeply_is_told_so_before_any_agent_sees_it(process: Process) -> None:
    assert "nested" in body_of(submit({**GOOD, "input": deep(64)}))["detail"]
    assert "nested" not in body_of(submit({**GOOD, "input": deep(62)}))["detail"]


def test_an_uploaded_input_is_the_jobs_input(process: Process) -> None:
    data = b'{"steps": 1, "milliseconds": 0}'
    key = PayloadKey("acme", sha256(data).hexdigest())
    asked = {"agent": "probe", "input": {"$payload": {"sha256": key.sha256, "bytes": len(data)}}}
    missing = body_of(submit(asked))
    assert (missing["status"], missing["code"], missing["field"]) == (422, "payload_missing", "input")
    assert process.table.segments == {}
    process.payloads.upload(key, data)
    assert submit(asked)["statusCode"] == 202
    assert submitted(process).input == asked["input"]


def test_a_body_over_the_limit_is_too_large_whatever_it_holds(process: Process) -> None:
    response = submit(json.dumps({**GOOD, "tags": {"ü": "ü" * (LARGEST_BODY_BYTES // 2)}}, ensure_ascii=False))
    assert (response["statusCode"], body_of(response)["code"]) == (413, "payload_too_large")
    assert process.table.segments == {}


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
def test_a_body_that_is_not_sent_as_json_is_not_read(process: Process, media_type: str) -> None:
    response = submit(GOOD, **{"Content-Type": media_type})
    assert (response["statusCode"], body_of(response)["field"]) == (415, "Content-Type")
    assert process.table.segments == {}


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/cloud+json"]
)
def test_every_spelling_of_json_is_json(process: Process, media_type: str) -> None:
    assert submit(GOOD, **{"Content-Type": media_type})["statusCode"] == 202


@pytest.mark.parametrize("key", ["", "a" * 256, "naïve", "tab\there"])
def test_a_bad_idempotency_key_is_named(process: Process, key: str) -> None:
    response = submit(GOOD, **{"Idempotency-Key": key})
    assert (response["statusCode"], body_of(response)["field"]) == (400, "Idempotency-Key")
    assert process.table.segments == {}


def test_with_prefer_wait_the_answer_comes_when_the_job_is_finished(process: Process) -> None:
    def finish() -> None:
        if process.clock.seconds > 1001:
            done = Segment(JOB, 1, "us-east-1", 2, (JobSucceeded(at=process.clock.moment, result={"steps": 1}),))
            process.table.segments.setdefault(
                (JOB, 1, "us-east-1", 2), type(next(iter(process.table.segments.values())))(done, None)
            )

    process.clock.on_sleep.append(finish)
    response = submit(GOOD, Prefer="respond-async, wait=10")
    assert body_of(response)["status"] == "succeeded"
    assert response["headers"]["Preference-Applied"] == "wait=10"
    assert process.clock.seconds < 1003


def test_the_wait_ends_after_20_seconds_at_the_latest(process: Process) -> None:
    response = submit(GOOD, Prefer="wait=3600")
    assert (response["statusCode"], body_of(response)["status"]) == (202, "queued")
    assert process.clock.seconds == pytest.approx(1020)


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=soon", "wait=-3", "nowait=5", "return=minimal"])
def test_a_preference_that_cannot_be_read_is_passed_over(process: Process, prefer: str) -> None:
    response = submit(GOOD, Prefer=prefer)
    assert response["statusCode"] == 202
    assert process.clock.seconds == 1000


def test_a_table_that_refuses_is_503_with_retry_after(process: Process) -> None:
    process.table.refusing = True
    response = submit(GOOD)
    assert (response["statusCode"], body_of(response)["code"]) == (503, "state_unavailable")
    assert int(response["headers"]["Retry-After"]) > 0
    assert process.peer_table.segments == {}


def test_a_lane_that_refuses_is_503_and_names_the_job_that_exists(process: Process) -> None:
    process.lanes.refusing = True
    response = submit(GOOD)
    problem = body_of(response)
    assert (response["statusCode"], problem["code"], problem["job_id"]) == (503, "lane_unavailable", JOB)
    assert "Retry-After" in response["headers"]
    assert submitted(process).input == GOOD["input"]


def test_an_unreachable_peer_leaves_the_job_durable_here_only(process: Process) -> None:
    process.peer_table.refusing = True
    response = submit(GOOD)
    assert (response["statusCode"], body_of(response)["durability"]) == (202, "local")


def test_a_bug_is_500_without_its_details_and_its_traceback_is_in_the_log(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def names(self) -> list[str]:
            raise ZeroDivisionError("secret detail")

        find = None

    process.runtime.__dict__["agents"] = Broken()
    response = submit(GOOD)
    assert response["statusCode"] == 500
    assert body_of(response)["code"] == "internal"
    assert "secret" not in response["body"]
    failed, answered = log_lines(capsys)
    assert failed["level"] == "ERROR"
    assert "Traceback" in failed["traceback"]
    assert failed["request_id"] == answered["request_id"] == body_of(response)["request_id"]
    assert answered["status"] == 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("agent", "input", "lane", "session", "run_at", "deadline", "budget", "callback_url", "tags", "x")


@settings(max_examples=150 if ALL else 40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.dictionaries(st.sampled_from(FIELDS), JSON).map(json.dumps)))
def test_no_body_at_all_makes_it_fail(process: Process, body: str) -> None:
    assert submit(body)["statusCode"] == 400
    assert process.table.segments == {}
