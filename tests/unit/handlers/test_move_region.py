"""POST /v1/regions/{region}/evacuate and /return."""

from typing import Any

from functions.handlers import check_health, list_regions
from functions.handlers.move_region import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of

MAY = {"principal": "ann", "scopes": "jobs:read regions:move"}


def move(region: str, verb: str, body: object = None, **authorizer: str) -> dict[str, Any]:
    resource = f"/v1/regions/{{region}}/{verb}"
    event = request_event("POST", resource, {"region": region}, body=body, authorizer=authorizer or MAY)
    return handle({**event, "path": f"/v1/regions/{region}/{verb}"}, None)


def test_a_region_is_told_to_go_shown_so_unhealthy_and_told_to_come_back(process: Process) -> None:
    answer = move("us-east-1", "evacuate", {"reason": "stuck"})
    assert (answer["statusCode"], body_of(answer)["standing"]["phase"]) == (200, "evacuating")
    assert body_of(answer)["standing"]["told"]["by"] == "ann"
    assert check_health.handle(request_event("GET", "/v1/health"), None)["statusCode"] == 503
    shown = body_of(list_regions.handle(request_event("GET", "/v1/regions"), None))["regions"]
    assert [each["standing"]["phase"] for each in shown] == ["evacuating", "active"]
    answer = move("us-east-1", "return")
    assert body_of(answer)["standing"]["phase"] == "active"


def test_a_token_that_may_write_jobs_may_not_move_regions(process: Process) -> None:
    answer = move("us-east-1", "evacuate", principal="ann", scopes="jobs:read jobs:write")
    assert (answer["statusCode"], body_of(answer)["code"]) == (403, "forbidden")
    assert check_health.handle(request_event("GET", "/v1/health"), None)["statusCode"] == 200


def test_an_unknown_region_and_a_wrong_field_are_named(process: Process) -> None:
    assert body_of(move("mars", "evacuate"))["code"] == "region_not_found"
    assert body_of(move("us-east-1", "evacuate", {"why": "x"}))["code"] == "invalid_body"
