"""GET /v1/schedules and /v1/schedules/{name}."""

import pytest

from functions.handlers.show_schedules import handle
from tests.event_files import request_event
from tests.unit.handlers.conftest import Process, body_of
from tests.unit.handlers.test_change_schedule import SCHEDULE, ask


def test_a_schedule_is_shown_alone_with_its_input_and_in_the_list_without(process: Process) -> None:
    ask("PUT", "report", SCHEDULE)
    ask("PUT", "audit", {**SCHEDULE, "paused": True})
    shown = body_of(
        handle(request_event("GET", "/v1/schedules/{name}", {"name": "report"}, query={"fires": "2"}), None)
    )
    assert (shown["input"], len(shown["next_fires"])) == (SCHEDULE["input"], 2)
    listed = body_of(handle(request_event("GET", "/v1/schedules"), None))["schedules"]
    assert [(each["name"], len(each["next_fires"]), "input" in each) for each in listed] == [
        ("audit", 0, False),
        ("report", 5, False),
    ]


def test_a_schedule_that_is_not_there_is_404(process: Process) -> None:
    answer = handle(request_event("GET", "/v1/schedules/{name}", {"name": "none"}), None)
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "schedule_not_found")


@pytest.mark.parametrize("fires", ["51", "-1", "many", "", "1e1", "٣"])
def test_a_number_of_fires_that_is_none_is_400(process: Process, fires: str) -> None:
    answer = handle(request_event("GET", "/v1/schedules", query={"fires": fires}), None)
    assert (answer["statusCode"], body_of(answer)["field"]) == (400, "fires")
