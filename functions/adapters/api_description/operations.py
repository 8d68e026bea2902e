"""The routes that tell of the system itself: its agents, its Regions, its health, this description."""

from functions.adapters.api_description.row import Parameter, RouteDescription
from functions.adapters.standing_body import StandingBody
from functions.sdk.answers import Agents, Health
from functions.sdk.region_answers import RegionMoved, Regions

_LANE = {
    "waiting": 3,
    "in_flight": 10,
    "estimated_wait_seconds": 1.5,
    "oldest_wait_seconds": 0.8,
    "started_per_minute": 120.0,
    "ended_per_minute": 118.0,
    "failed_per_minute": 0.0,
    "bound_seconds": 30.0,
    "admitting": True,
}

ROUTES = (
    RouteDescription(
        method="GET",
        path="/v1/agents",
        scope="jobs:read",
        name="listAgents",
        summary="List the agents that jobs can be submitted to, with the schemas of their inputs.",
        answer=Agents,
        answered={
            "agents": [
                {"name": "probe", "version": "1", "description": "Does steps.", "input_schema": {"type": "object"}}
            ]
        },
    ),
    RouteDescription(
        method="GET",
        path="/v1/regions",
        scope="jobs:read",
        name="listRegions",
        summary="Say how both Regions are, as the one that answers sees it.",
        answer=Regions,
        answered={
            "answered_by": "us-east-1",
            "regions": [
                {
                    "name": "us-east-1",
                    "heartbeat_at": "2030-01-01T00:00:00.000Z",
                    "heartbeat_age_seconds": 1.2,
                    "fresh": True,
                    "lease": {
                        "holder": "us-east-1",
                        "term": 1,
                        "phase": "held",
                        "renewal": 86400,
                        "valid_for_seconds": 7.0,
                    },
                    "standing": {"phase": "active"},
                    "lanes": {"critical": _LANE},
                }
            ],
            "lanes": {"critical": _LANE},
            "peer": {"region": "us-west-2", "lost": False, "since": None},
        },
        codes=("lane_unavailable",),
    ),
    RouteDescription(
        method="GET",
        path="/v1/health",
        scope=None,
        name="checkHealth",
        summary="Say whether this Region can serve.",
        answer=Health,
        answered={
            "status": "ok",
            "region": "us-east-1",
            "heartbeat_at": "2030-01-01T00:00:00.000Z",
            "lanes": ["critical"],
            "lanes_move": True,
        },
        codes=("lane_unavailable", "lanes_still", "region_evacuated", "region_returning"),
    ),
    *(
        RouteDescription(
            method="POST",
            path=f"/v1/regions/{{region}}/{verb}",
            scope="regions:move",
            name=f"{verb}Region",
            summary=f"Tell a Region to {what}. Either Region may be asked.",
            parameters=(Parameter("path", "region", "The Region's name.", {"type": "string"}),),
            request=StandingBody,
            sent={"reason": "its lanes are stuck"},
            answer=RegionMoved,
            answered={
                "region": "us-east-1",
                "standing": {
                    "phase": phase,
                    "told": {"away": verb == "evacuate", "at": "2030-01-01T00:00:00.000Z", "by": "ann", "reason": None},
                },
                "durability": "both",
            },
            codes=("region_not_found", "last_region") if verb == "evacuate" else ("region_not_found",),
        )
        for verb, what, phase in (
            ("evacuate", "hand its jobs over and take on no work", "evacuating"),
            ("return", "take on work again", "returning"),
        )
    ),
    RouteDescription(
        method="GET",
        path="/v1/openapi.json",
        scope=None,
        name="getOpenapi",
        summary="This description.",
        answer=None,
    ),
)
