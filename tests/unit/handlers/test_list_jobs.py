"""GET /v1/jobs."""

import pytest

from functions.handlers import submit_job
from functions.handlers.list_jobs import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of


def ask(**query: str) -> dict[str, object]:
    request = event("list_jobs")
    request["queryStringParameters"] = query or None
    return handle(request, None)


def submit(process: Process, count: int) -> list[str]:
    ids = []
    for number in range(count):
        request = event("submit_job")
        request["headers"]["Idempotency-Key"] = f"order-{number}"
        ids.append(body_of(submit_job.handle(request, None))["id"])
        process.clock.moment = f"2026-11-21T12:00:0{number + 1}.000Z"
    return ids[::-1]


def test_pages_follow_one_another_to_the_end(process: Process) -> None:
    ids = submit(process, 5)
    seen: list[str] = []
    query = {"limit": "2"}
    while True:
        page = body_of(ask(**query))
        seen += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert seen == ids


def test_filters_leave_out_the_rest(process: Process) -> None:
    ids = submit(process, 2)
    assert [job["id"] for job in body_of(ask(status="queued", agent="probe"))["jobs"]] == ids
    assert body_of(ask(status="failed"))["jobs"] == []
    assert body_of(ask(agent="licence-review"))["jobs"] == []


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"status": "done"}])
def test_a_parameter_that_is_wrong_is_named(process: Process, query: dict[str, str]) -> None:
    response = ask(**query)
    assert (response["statusCode"], body_of(response)["field"]) == (400, next(iter(query)))


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert ask()["statusCode"] == 503


def test_a_beginning_that_no_answer_has_named_is_400(process: Process) -> None:
    request = event("list_jobs")
    request["queryStringParameters"] = {"before": "2" * 1025}
    response = handle(request, None)
    assert (response["statusCode"], body_of(response)["field"]) == (400, "before")
