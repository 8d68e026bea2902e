"""GET /v1/limits."""

from functions.handlers.list_limits import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of


def test_nothing_is_limited_at_first(process: Process) -> None:
    assert body_of(handle(request_event("GET", "/v1/limits"), None)) == {"limits": []}


def test_a_table_that_refuses_is_503(process: Process) -> None:
    process.table.refusing = True
    assert handle(request_event("GET", "/v1/limits"), None)["statusCode"] == 503
