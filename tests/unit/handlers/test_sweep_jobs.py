"""The sweeper's function."""

import asyncio

import pytest

from functions.adapters.memory import SegmentRow
from functions.adapters.memory_payloads import MemoryPayloads
from functions.application.ports import Due
from functions.domain.ownership.verdict import Verdict
from functions.handlers import submit_job
from functions.handlers.sweep_jobs import handle
from functions.settings import Settings
from tests.event_files import event
from tests.unit.handlers.conftest import ENVIRONMENT, Process, log_lines

LOST = Verdict("us-east-1", "us-west-2", True, "2026-11-21T11:59:00.000Z")


def test_a_job_whose_hint_was_lost_is_put_on_its_lane_within_the_minute(process: Process) -> None:
    submit_job.handle(event("submit_job"), None)
    process.lanes.queues["batch"].clear()
    handle(event("scheduled"), None)
    assert [send.message.reason for send in process.lanes.queues["batch"]] == ["due", "due"]  # and 30 s later again


def test_it_works_until_the_next_one_starts(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    handle(event("scheduled"), None)
    assert 1057 <= process.clock.seconds <= 1062
    assert log_lines(capsys)[0]["message"] == "sweeping"


def test_a_payload_that_the_peer_missed_is_copied_to_it(process: Process) -> None:
    peer = process.runtime.peer_payloads
    assert isinstance(peer, MemoryPayloads)
    peer.refusing = True
    asyncio.run(process.runtime.keep_payloads.externalise("acme", "x" * 200_000, 200_002))
    peer.refusing = False
    handle(event("scheduled"), None)
    kept = process.payloads.buckets.kept
    assert {bucket for bucket, _ in kept} == {"us-east-1", "us-west-2"}
    assert len(set(kept.values())) == 1


def lose_the_peer(process: Process) -> None:
    """Give this Region a copy of a job that its peer accepted before it was lost."""
    submit_job.handle(event("submit_job"), None)
    ((_, row),) = process.table.segments.items()
    process.table.segments.clear()
    process.lanes.queues["batch"].clear()
    segment = type(row.segment)(row.segment.job_id, 1, "us-west-2", 1, row.segment.events)
    due = Due("2026-11-21T12:00:30.000Z", "batch")
    process.table.segments[segment.job_id, 1, "us-west-2", 1] = SegmentRow(segment, due)
    process.table.verdicts["us-east-1"] = LOST


def test_the_jobs_of_a_lost_peer_are_adopted(process: Process) -> None:
    lose_the_peer(process)
    handle(event("scheduled"), None)
    assert process.lanes.queues["batch"][0].message.reason == "adopted"


def test_nothing_is_adopted_where_adoption_is_off(process: Process) -> None:
    process.runtime.settings = Settings.load({**ENVIRONMENT, "ANTIPODE_ADOPTION": "off"})
    lose_the_peer(process)
    handle(event("scheduled"), None)
    assert process.lanes.queues["batch"] == []
