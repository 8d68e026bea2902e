"""GET /v1/regions."""

from functions.domain.ownership.verdict import Heartbeat
from functions.handlers.list_regions import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of


def test_both_regions_are_listed_with_their_heartbeats(process: Process) -> None:
    process.table.beats["us-west-2"] = Heartbeat("us-west-2", "2026-11-21T11:59:58.000Z", 7)
    body = body_of(handle(event("list_regions"), None))
    assert body["answered_by"] == "us-east-1"
    assert [(r["name"], r["heartbeat_age_seconds"], r["fresh"]) for r in body["regions"]] == [
        ("us-east-1", None, False),
        ("us-west-2", 2.0, True),
    ]


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert handle(event("list_regions"), None)["statusCode"] == 503
