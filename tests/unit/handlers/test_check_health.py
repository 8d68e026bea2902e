"""GET /v1/health: what Route 53 and the peer go by."""

import pytest

from functions.handlers.check_health import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process, body_of


def test_a_region_that_can_serve_says_so_without_a_token(process: Process) -> None:
    response = handle(event("check_health"), None)
    assert response["statusCode"] == 200
    assert (body_of(response)["status"], body_of(response)["region"]) == ("ok", "us-east-1")


@pytest.mark.parametrize(("part", "code"), [("table", "state_unavailable"), ("lanes", "lane_unavailable")])
def test_a_region_whose_table_or_lanes_refuse_is_503(process: Process, part: str, code: str) -> None:
    setattr(getattr(process, part), "refusing", True)  # noqa: B010 - the part is a parameter
    response = handle(event("check_health"), None)
    assert (response["statusCode"], body_of(response)["code"]) == (503, code)


def test_a_dead_peer_changes_nothing(process: Process) -> None:
    process.peer_table.refusing = True
    process.probe.answer = False
    assert handle(event("check_health"), None)["statusCode"] == 200
