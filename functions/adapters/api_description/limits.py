"""The routes by which limits are set, cleared and shown."""

from functions.adapters.api_description.row import Parameter, RouteDescription
from functions.adapters.limit_body import LIMIT_KEY, LimitBody
from functions.sdk.answers import Limits, LimitSet

_SAID = {"at": "2030-01-01T00:00:00.000Z", "by": "ann", "region": "us-east-1"}
_LIMIT = {"scope": "key", "key": "crm", "concurrency": 10, "starts_per_minute": 300.0, **_SAID}
_SCOPES = (
    ("tenant", "TenantLimit", "for all jobs of the tenant", ()),
    (
        "agents/{name}",
        "AgentLimit",
        "for the tenant's jobs of one agent",
        (Parameter("path", "name", "The agent's name.", {"type": "string"}),),
    ),
    (
        "keys/{key}",
        "KeyLimit",
        "for the tenant's jobs that name a key in `limit_keys`",
        (Parameter("path", "key", "The key.", {"type": "string", "pattern": f"^{LIMIT_KEY.pattern}$"}),),
    ),
)

ROUTES = (
    *(
        RouteDescription(
            method="PUT",
            path=f"/v1/limits/{path}",
            scope="jobs:write",
            name=f"set{name}",
            summary=f"Limit how many run at once, and how many start in a minute, in each Region, {what}.",
            parameters=parameters,
            request=LimitBody,
            sent={"concurrency": 10, "starts_per_minute": 300},
            answer=LimitSet,
            answered={**_LIMIT, "durability": "both"},
            codes=("unknown_agent",) if name == "AgentLimit" else (),
        )
        for path, name, what, parameters in _SCOPES
    ),
    *(
        RouteDescription(
            method="DELETE",
            path=f"/v1/limits/{path}",
            scope="jobs:write",
            name=f"clear{name}",
            summary=f"Clear the limit {what}.",
            parameters=parameters,
            answer=LimitSet,
            answered={"scope": "key", "key": "crm", **_SAID, "durability": "both"},
            codes=("unknown_agent",) if name == "AgentLimit" else (),
        )
        for path, name, what, parameters in _SCOPES
    ),
    RouteDescription(
        method="GET",
        path="/v1/limits",
        scope="jobs:read",
        name="listLimits",
        summary="Show the limits that hold.",
        answer=Limits,
        answered={"limits": [_LIMIT]},
    ),
)
