"""The worker: a batch of jobs at once, and only what failed comes again."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.sqs_lanes import encode_message
from functions.adapters.system_clock import SystemClock
from functions.application.ports import StateUnavailable
from functions.domain.ids import job_id
from functions.domain.job.decider import ORPHANED
from functions.domain.job.state import fold
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds
from functions.domain.ownership.verdict import Heartbeat, Verdict
from functions.handlers import submit_job
from functions.handlers.advance_jobs import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of, log_lines

FIRST, SECOND, STRANGE = (record["messageId"] for record in event("advance_jobs")["Records"])


class Context:
    """A function with 100 seconds left."""

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


class Advance:
    """Stands for the use case: notes what it is asked, and fails for some jobs."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        self.asked: list[tuple[LaneMessage, int, float]] = []
        self.failing = failing or {}

    async def advance(self, message: LaneMessage, *, delivery: int, stop_at: float) -> None:
        self.asked.append((message, delivery, stop_at))
        if message.job_id in self.failing:
            raise self.failing[message.job_id]


def advance(process: Process, use_case: Advance, request: dict[str, Any]) -> dict[str, Any]:
    process.runtime.__dict__["advance_job"] = use_case
    return handle(request, Context())


def test_every_message_is_one_job_with_its_count_of_deliveries_and_the_time_to_stop(process: Process) -> None:
    use_case = Advance()
    assert advance(process, use_case, event("advance_jobs")) == {"batchItemFailures": []}
    assert use_case.asked == [
        (LaneMessage("job_" + "a" * 32, 1, "submitted"), 1, 1090.0),
        (LaneMessage("job_" + "b" * 32, 2, "adopted"), 2, 1090.0),
    ]


def test_only_the_job_that_failed_comes_again(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    use_case = Advance({"job_" + "b" * 32: StateUnavailable("throttled")})
    assert advance(process, use_case, event("advance_jobs")) == {"batchItemFailures": [{"itemIdentifier": SECOND}]}
    put_back = [line for line in log_lines(capsys) if line["message"] == "put_back"]
    assert [(line["job_id"], line["error"]) for line in put_back] == [
        ("job_" + "b" * 32, "StateUnavailable: throttled")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        '{"job_id": "job_x", "epoch": 1, "reason": "due"}',
        '{"job_id": "job_' + "a" * 32 + '", "epoch": 0, "reason": "due"}',
        '{"job_id": "job_' + "a" * 32 + '", "epoch": -1, "reason": "orphaned"}',
        '{"job_id": "job_' + "a" * 32 + '"}',
    ],
)
def test_a_message_that_is_not_ours_is_put_on_the_list_and_comes_no_more(
    process: Process, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    request = event("advance_jobs")
    request["Records"] = request["Records"][2:]
    request["Records"][0]["body"] = body
    use_case = Advance()
    assert advance(process, use_case, request) == {"batchItemFailures": []}
    assert use_case.asked == []
    assert [
        (line["level"], line["message_id"]) for line in log_lines(capsys) if line["message"] == "message_buried"
    ] == [("ERROR", STRANGE)]
    (letter,) = process.table.dead.values()
    assert (letter.type, letter.id, letter.tenant, letter.code) == ("message", STRANGE, "acme", "message_unreadable")
    assert (letter.lane, letter.body) == ("standard", body)


def test_a_message_that_cannot_be_put_on_the_list_comes_again(process: Process) -> None:
    request = event("advance_jobs")
    request["Records"] = request["Records"][2:]
    process.table.refusing = True
    assert advance(process, Advance(), request) == {"batchItemFailures": [{"itemIdentifier": STRANGE}]}


def test_two_messages_for_one_job_are_one_job_and_share_its_fate(process: Process) -> None:
    request = event("advance_jobs")
    body = {"job_id": "job_" + "a" * 32, "epoch": 3, "reason": "adopted"}
    request["Records"][1]["body"] = json.dumps(body)
    use_case = Advance({"job_" + "a" * 32: StateUnavailable("throttled")})
    failures = advance(process, use_case, request)["batchItemFailures"]
    assert use_case.asked == [(LaneMessage("job_" + "a" * 32, 3, "adopted"), 2, 1090.0)]
    assert [failure["itemIdentifier"] for failure in failures] == [FIRST, SECOND]


def test_the_batch_is_counted_as_a_metric(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    advance(process, Advance({"job_" + "b" * 32: StateUnavailable("x")}), event("advance_jobs"))
    counted = log_lines(capsys)[-1]
    assert {name: counted[name] for name in ("messages", "jobs", "put_back")} == {
        "messages": 3,
        "jobs": 2,
        "put_back": 1,
    }


def test_a_submitted_job_is_run_to_its_end(process: Process) -> None:
    process.runtime.clock = SystemClock()
    submit_job.handle(event("submit_job"), None)
    (send,) = process.lanes.queues["batch"]
    request = event("advance_jobs")
    message = {"job_id": send.message.job_id, "epoch": send.message.epoch, "reason": send.message.reason}
    request["Records"] = [{**request["Records"][0], "body": json.dumps(message)}]
    assert handle(request, Context()) == {"batchItemFailures": []}
    state = fold(row.segment for row in process.table.segments.values())
    assert state is not None
    assert (state.status, len(state.steps), state.job.tenant) == ("succeeded", 3, "acme")
    assert send.message.job_id == job_id("acme", "order-7")


def test_a_batch_of_orphans_is_adopted_by_the_hints_that_the_sweeper_sends(process: Process) -> None:
    """From the sweeper's hints, in the form in which the queue has them, to jobs that this Region has ended."""
    jobs = [job_of_peer(process, number) for number in range(10)]
    now = process.clock.now()
    process.table.beats["us-west-2"] = Heartbeat("us-west-2", add_seconds(now, -30), 7)
    process.table.verdicts["us-east-1"] = Verdict("us-east-1", "us-west-2", True, now, now, 7)
    adopt = process.runtime.adopt_jobs
    adopt.directly = 0
    asyncio.run(adopt.adopt(lost_since=now, heard_at=add_seconds(now, -30)))
    sends = process.lanes.queues["standard"]
    assert [send.message.reason for send in sends] == [ORPHANED] * 10
    pattern = event("advance_jobs")["Records"][0]
    records = [{**pattern, "messageId": str(n), "body": encode_message(send.message)} for n, send in enumerate(sends)]
    assert handle({"Records": records}, Context()) == {"batchItemFailures": []}
    for job in jobs:
        state = fold(asyncio.run(process.runtime.history.read(job)).segments)
        assert state is not None
        assert (state.owner_region, state.epoch, state.status) == ("us-east-1", 2, "succeeded")


def job_of_peer(process: Process, number: int) -> str:
    """Have the other Region accept a job that this replica knows."""
    request = event("submit_job")
    request["headers"]["Idempotency-Key"] = f"orphan {number}"
    request["body"] = json.dumps({"agent": "probe", "input": {"steps": 1, "milliseconds": 0}})
    job = str(body_of(submit_job.handle(request, None))["id"])
    row = process.table.segments.pop((job, 1, "us-east-1", 1))
    asyncio.run(process.runtime.history.append(replace(row.segment, region="us-west-2"), due=row.due))
    process.lanes.queues["standard"].clear()
    return job
