"""GET /v1/switches."""

from functions.handlers.list_switches import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of


def test_at_first_nothing_was_ever_paused(process: Process) -> None:
    answer = handle(request_event("GET", "/v1/switches"), None)
    assert (answer["statusCode"], body_of(answer)) == (200, {"switches": []})


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert handle(request_event("GET", "/v1/switches"), None)["statusCode"] == 503
