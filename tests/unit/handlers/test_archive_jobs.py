"""The archiver's function: what ended a month ago leaves the table, and the API shows it as before."""

from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.memory_archive import MemoryArchive
from functions.domain.job.events import JobSucceeded
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from functions.handlers import get_job, submit_job
from functions.handlers.archive_jobs import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of, log_lines

DAY = 86_400.0


def finished(process: Process) -> str:
    """Submit a job, and have it end at once; return its id."""
    job_id = str(body_of(submit_job.handle(event("submit_job"), None))["id"])
    end = Segment(job_id, 1, "us-east-1", 2, (JobSucceeded(at=process.clock.moment, result={"licence": "MIT"}),))
    for table in (process.table, process.peer_table):
        first = table.segments[job_id, 1, "us-east-1", 1]
        table.segments[job_id, 1, "us-east-1", 2] = replace(first, segment=end, due=None)
    return job_id


def asked(job_id: str) -> dict[str, Any]:
    return event("get_job") | {"pathParameters": {"id": job_id}}


def pass_days(process: Process, days: float) -> None:
    """Let time go by, and then what this Region has noted reach the other."""
    process.clock.moment = add_seconds(process.clock.moment, days * DAY)
    process.peer_table.places |= process.table.places


def test_a_job_of_which_nothing_is_left_in_the_table_is_shown_as_before_and_says_since_when(process: Process) -> None:
    job_id = finished(process)
    before = body_of(get_job.handle(asked(job_id), None))
    for days in (31, 1.1):
        pass_days(process, days)
        handle(event("scheduled"), None)
    assert not [key for key in process.table.segments if key[0] == job_id]
    after = body_of(get_job.handle(asked(job_id), None))
    assert after.pop("archived_at") == "2026-12-22T12:00:00.000Z"
    assert after == before
    assert after["result"] == {"licence": "MIT"}


def test_the_same_submit_a_month_later_is_still_the_same_job(process: Process) -> None:
    job_id = finished(process)
    for days in (31, 1.1):
        pass_days(process, days)
        handle(event("scheduled"), None)
    again = submit_job.handle(event("submit_job"), None)
    assert (again["statusCode"], body_of(again)["id"]) == (202, job_id)
    assert not process.table.segments


def test_a_job_in_deep_archive_is_refused_by_the_name_of_its_object(process: Process) -> None:
    job_id = finished(process)
    for days in (31, 1.1):
        pass_days(process, days)
        handle(event("scheduled"), None)
    for shelf in (process.runtime.archive, process.runtime.peer_archive):
        assert isinstance(shelf, MemoryArchive)
        shelf.frozen = True
    response = get_job.handle(asked(job_id), None)
    problem = body_of(response)
    assert (response["statusCode"], problem["code"]) == (409, "history_frozen")
    assert "us-east-1/2026-12-22/" in problem["detail"]


def test_a_run_that_is_refused_is_counted_and_one_that_is_not_counts_nothing(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    """An alarm looks at this metric: `tests/stacks/test_alarms.py`."""
    finished(process)
    pass_days(process, 31)
    handle(event("scheduled"), None)
    assert isinstance(process.runtime.peer_archive, MemoryArchive)
    process.runtime.peer_archive.refusing = True
    pass_days(process, 1.1)
    handle(event("scheduled"), None)
    counted = [line for line in log_lines(capsys) if "archive_runs_refused" in line]
    assert [line["archive_runs_refused"] for line in counted] == [0, 1]
    (directive,) = counted[-1]["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Antipode", [["environment"]])


def test_where_histories_stay_in_the_table_it_does_nothing(
    process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    process.runtime.settings = replace(process.runtime.settings, archive_after_days=None)
    finished(process)
    pass_days(process, 400)
    handle(event("scheduled"), None)
    assert not process.table.places
    assert log_lines(capsys)[-1]["on"] is False
