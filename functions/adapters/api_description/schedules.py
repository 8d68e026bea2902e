"""The routes of schedules."""

from functions.adapters.api_description.row import AN_ID, Parameter, RouteDescription, whole_number
from functions.adapters.schedule_body import MOST_SHOWN_FIRES, ScheduleBody
from functions.application.set_schedule import SHOWN_FIRES
from functions.domain.schedule import SCHEDULE_NAME
from functions.sdk.schedule_answers import ScheduleDeleted, SchedulePage, ScheduleSet, ScheduleShown

_NAME = Parameter("path", "name", "The schedule's name.", {"type": "string", "pattern": f"^{SCHEDULE_NAME.pattern}$"})
_FIRES = whole_number(
    "fires", "So many of the next fires are shown.", default=SHOWN_FIRES, lowest=0, highest=MOST_SHOWN_FIRES
)
_SENT = {"cron": "0 9 * * MON-FRI", "time_zone": "Europe/Berlin", "agent": "probe", "input": {"steps": 1}}
_LISTED = {
    **{name: value for name, value in _SENT.items() if name != "input"},
    "name": "morning-report",
    "overlap": "skip",
    "catch_up": "latest",
    "paused": False,
    "home_region": "us-east-1",
    "updated_at": "2030-01-01T00:00:00.000Z",
    "updated_by": "ann",
    "next_fires": ["2030-01-03T08:00:00.000Z"],
    "last_fires": [
        {
            "moment": "2030-01-02T08:00:00.000Z",
            "outcome": "fired",
            "at": "2030-01-02T08:00:00.041Z",
            "job": AN_ID,
        }
    ],
    "lag_seconds": 0.041,
}
_SHOWN = {**_LISTED, "input": {"steps": 1}}

ROUTES = (
    RouteDescription(
        method="PUT",
        path="/v1/schedules/{name}",
        scope="jobs:write",
        name="setSchedule",
        summary="Write a schedule: it fires a job at each moment of a cron expression in a time zone.",
        parameters=(_NAME,),
        request=ScheduleBody,
        sent=_SENT,
        answer=ScheduleSet,
        answered={**_SHOWN, "durability": "both"},
        codes=("unknown_agent", "unknown_lane", "too_many_schedules"),
    ),
    RouteDescription(
        method="DELETE",
        path="/v1/schedules/{name}",
        scope="jobs:write",
        name="deleteSchedule",
        summary="Delete a schedule. The jobs that it has fired go on.",
        parameters=(_NAME,),
        answer=ScheduleDeleted,
        answered={
            "name": "morning-report",
            "deleted": True,
            "at": "2030-01-03T00:00:00.000Z",
            "by": "ann",
            "durability": "both",
        },
        codes=("schedule_not_found",),
    ),
    RouteDescription(
        method="GET",
        path="/v1/schedules/{name}",
        scope="jobs:read",
        name="getSchedule",
        summary="Show a schedule, its next fires, and what became of the last ones.",
        parameters=(_NAME, _FIRES),
        answer=ScheduleShown,
        answered=_SHOWN,
        codes=("schedule_not_found",),
    ),
    RouteDescription(
        method="GET",
        path="/v1/schedules",
        scope="jobs:read",
        name="listSchedules",
        summary="List the tenant's schedules, by name.",
        parameters=(_FIRES,),
        answer=SchedulePage,
        answered={"schedules": [_LISTED]},
    ),
)
