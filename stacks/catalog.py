"""The catalogue of functions: one row per Lambda function, from which its resources, role, trigger and alarm come."""

from stacks.clockwork_rows import CLOCKWORK
from stacks.function_rows import (
    SENDS_ARRIVALS,
    Authorizer,
    DeadLanes,
    Deliveries,
    Deployment,
    EveryLane,
    FunctionRow,
    Permission,
    Route,
    Routes,
    Schedule,
    Stream,
    Trigger,
)

__all__ = [
    "APPROVALS_DECIDE",
    "FUNCTIONS",
    "JOBS_READ",
    "JOBS_WRITE",
    "REGIONS_MOVE",
    "WAITING_SECONDS",
    "Authorizer",
    "DeadLanes",
    "Deliveries",
    "Deployment",
    "EveryLane",
    "FunctionRow",
    "Permission",
    "Route",
    "Routes",
    "Schedule",
    "Stream",
    "Trigger",
    "function_named",
]

JOBS_READ = "jobs:read"
JOBS_WRITE = "jobs:write"
REGIONS_MOVE = "regions:move"
APPROVALS_DECIDE = "approvals:decide"
_MOVES = ("evacuate", "return")
#: A client may wait for its job (`Prefer: wait=N`), and API Gateway waits for a function 29 seconds, no longer.
WAITING_SECONDS = 29

FUNCTIONS: tuple[FunctionRow, ...] = (
    FunctionRow(
        name="authorize_request",
        description="Turns a bearer token into a tenant and its scopes",
        trigger=Authorizer(),
        permissions=(Permission.READS_TOKENS,),
    ),
    FunctionRow(
        name="submit_job",
        description="Accepts a job: durable in both Regions, then on its lane",
        trigger=Route("POST", "/v1/jobs", JOBS_WRITE),
        permissions=(
            *SENDS_ARRIVALS,
            Permission.READS_FLOW,
            Permission.KEEPS_PAYLOADS,
            Permission.OWES_COPIES,
            Permission.READS_UPLOADS,
            Permission.FINDS_PAYLOADS,
        ),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="open_upload",
        description="Lets a client upload an input that is too large for a request",
        trigger=Route("POST", "/v1/payloads", JOBS_WRITE),
        permissions=(Permission.OPENS_UPLOADS,),
    ),
    FunctionRow(
        name="get_job",
        description="Shows a job",
        trigger=Route("GET", "/v1/jobs/{id}", JOBS_READ),
        permissions=(Permission.READS_JOBS, Permission.READS_PAYLOADS, Permission.FINDS_PAYLOADS),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="get_session",
        description="Shows a conversation: its running turn, its queue, its memory",
        trigger=Route("GET", "/v1/sessions/{name}", JOBS_READ),
        permissions=(Permission.READS_JOBS,),
    ),
    FunctionRow(
        name="list_job_events",
        description="Shows a job's history",
        trigger=Route("GET", "/v1/jobs/{id}/events", JOBS_READ),
        permissions=(Permission.READS_JOBS,),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="list_jobs",
        description="Lists a tenant's jobs",
        trigger=Route("GET", "/v1/jobs", JOBS_READ),
        permissions=(Permission.LISTS_JOBS, Permission.READS_JOBS),
    ),
    FunctionRow(
        name="signal_job",
        description="Sends a job a signal, durable in both Regions",
        trigger=Route("POST", "/v1/jobs/{id}/signals/{name}", JOBS_WRITE),
        permissions=SENDS_ARRIVALS,
    ),
    FunctionRow(
        name="change_job",
        description="Asks a job to end, to stop for now or to go on",
        trigger=Routes(
            tuple(Route("POST", f"/v1/jobs/{{id}}/{change}", JOBS_WRITE) for change in ("cancel", "pause", "resume"))
        ),
        permissions=SENDS_ARRIVALS,
    ),
    FunctionRow(
        name="cancel_jobs",
        description="Asks many jobs of a tenant to end, page by page",
        trigger=Route("POST", "/v1/jobs/cancel", JOBS_WRITE),
        permissions=(Permission.LISTS_JOBS, *SENDS_ARRIVALS),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="list_dead_letters",
        description="Lists what has failed for good: jobs, messages, webhooks",
        trigger=Route("GET", "/v1/dead-letters", JOBS_READ),
        permissions=(Permission.LISTS_JOBS, Permission.READS_JOBS, Permission.READS_DEAD_LETTERS),
    ),
    FunctionRow(
        name="redrive_dead_letters",
        description="Begins the job by which dead letters go on, or previews it",
        trigger=Route("POST", "/v1/dead-letters/redrive", JOBS_WRITE),
        permissions=(*SENDS_ARRIVALS, Permission.LISTS_JOBS, Permission.READS_DEAD_LETTERS),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="dismiss_dead_letters",
        description="Takes dead letters off the list, page by page, or previews it",
        trigger=Route("POST", "/v1/dead-letters/dismiss", JOBS_WRITE),
        permissions=(
            Permission.LISTS_JOBS,
            Permission.READS_JOBS,
            Permission.APPENDS_JOBS,
            Permission.COPIES_JOBS_TO_PEER,
            Permission.READS_DEAD_LETTERS,
            Permission.SETTLES_DEAD_LETTERS,
        ),
        timeout_seconds=WAITING_SECONDS,
    ),
    FunctionRow(
        name="list_approvals",
        description="Lists what a group of people is asked to decide",
        trigger=Route("GET", "/v1/approvals", JOBS_READ),
        permissions=(Permission.LISTS_JOBS, Permission.READS_JOBS),
    ),
    FunctionRow(
        name="decide_approval",
        description="Takes in the one decision on what a job asks",
        trigger=Route("POST", "/v1/approvals/{id}", APPROVALS_DECIDE),
        permissions=(*SENDS_ARRIVALS, Permission.READS_JOBS_OF_PEER),
    ),
    FunctionRow(
        name="set_switch",
        description="Pauses and resumes a tenant's or an agent's jobs",
        trigger=Routes(
            (
                Route("PUT", "/v1/switches/tenant", JOBS_WRITE),
                Route("PUT", "/v1/switches/agents/{name}", JOBS_WRITE),
            )
        ),
        permissions=(Permission.READS_SWITCHES, Permission.SETS_SWITCHES),
    ),
    FunctionRow(
        name="list_switches",
        description="Lists what is paused for a tenant",
        trigger=Route("GET", "/v1/switches", JOBS_READ),
        permissions=(Permission.READS_SWITCHES,),
    ),
    FunctionRow(
        name="set_limit",
        description="Limits the jobs of a tenant, an agent or a key",
        trigger=Routes(
            tuple(
                Route(method, f"/v1/limits/{scope}", JOBS_WRITE)
                for method in ("PUT", "DELETE")
                for scope in ("tenant", "agents/{name}", "keys/{key}")
            )
        ),
        permissions=(Permission.READS_SWITCHES, Permission.SETS_SWITCHES),
    ),
    FunctionRow(
        name="list_limits",
        description="Lists the limits of a tenant, its agents and its keys",
        trigger=Route("GET", "/v1/limits", JOBS_READ),
        permissions=(Permission.READS_SWITCHES,),
    ),
    FunctionRow(
        name="change_schedule",
        description="Writes and deletes schedules",
        trigger=Routes(
            (
                Route("PUT", "/v1/schedules/{name}", JOBS_WRITE),
                Route("DELETE", "/v1/schedules/{name}", JOBS_WRITE),
            )
        ),
        permissions=(Permission.READS_SCHEDULES, Permission.SETS_SCHEDULES),
    ),
    FunctionRow(
        name="show_schedules",
        description="Shows schedules, their next fires and the jobs of the last ones",
        trigger=Routes(
            (Route("GET", "/v1/schedules", JOBS_READ), Route("GET", "/v1/schedules/{name}", JOBS_READ)),
        ),
        permissions=(Permission.READS_SCHEDULES,),
    ),
    FunctionRow(
        name="list_agents",
        description="Lists the agents of this release",
        trigger=Route("GET", "/v1/agents", JOBS_READ),
    ),
    FunctionRow(
        name="list_regions",
        description="Says how both Regions are, as this one sees it",
        trigger=Route("GET", "/v1/regions", JOBS_READ),
        permissions=(
            Permission.READS_LEASES,
            Permission.READS_STANDINGS,
            Permission.READS_REGIONS,
            Permission.READS_LANE_DEPTHS,
            Permission.READS_FLOW,
        ),
    ),
    FunctionRow(
        name="move_region",
        description="Tells a Region to hand its jobs over, or to come back",
        trigger=Routes(tuple(Route("POST", f"/v1/regions/{{region}}/{verb}", REGIONS_MOVE) for verb in _MOVES)),
        permissions=(Permission.READS_STANDINGS, Permission.SETS_STANDINGS),
    ),
    FunctionRow(
        name="check_health",
        description="Tells Route 53 and the peer whether this Region can serve",
        trigger=Route("GET", "/v1/health", None),
        permissions=(
            Permission.READS_STANDINGS,
            Permission.READS_REGIONS,
            Permission.READS_LANE_DEPTHS,
            Permission.READS_FLOW,
        ),
        timeout_seconds=5,
    ),
    FunctionRow(
        name="get_openapi",
        description="Describes the API: OpenAPI 3.1, made of the models that requests are checked with",
        trigger=Route("GET", "/v1/openapi.json", None),
    ),
    FunctionRow(
        name="advance_jobs",
        description="Runs a batch of jobs until each is done, waits or yields",
        trigger=EveryLane(),
        permissions=(
            Permission.READS_LEASES,
            *SENDS_ARRIVALS,
            Permission.READS_SWITCHES,
            Permission.LISTS_JOBS,
            Permission.READS_DEAD_LETTERS,
            Permission.SETTLES_DEAD_LETTERS,
            Permission.KNOWS_WEBHOOKS,
            Permission.SENDS_DELIVERIES,
            Permission.COUNTS_FLOW,
            Permission.KEEPS_LIMITS,
            Permission.READS_STANDINGS,
            Permission.INVOKES_MODEL,
            Permission.KEEPS_PAYLOADS,
            Permission.OWES_COPIES,
            Permission.FINDS_PAYLOADS,
        ),
        memory_mb=1024,
        timeout_seconds=120,
    ),
    FunctionRow(
        name="bury_messages",
        description="Lists messages of lanes that came to nothing",
        trigger=DeadLanes(),
        permissions=(Permission.READS_JOBS, Permission.SETTLES_DEAD_LETTERS),
    ),
    *CLOCKWORK,
    FunctionRow(
        name="find_stream",
        description="Finds the name of the replica's stream, for the deployment",
        trigger=Deployment(),
        permissions=(Permission.FINDS_STREAM,),
        timeout_seconds=30,
    ),
    FunctionRow(
        name="broadcast_events",
        description="The broadcaster: tells the bus of what this Region wrote into histories",
        trigger=Stream(),
        permissions=(Permission.READS_OPENINGS, Permission.PUBLISHES_EVENTS, Permission.READS_WEBHOOKS),
        timeout_seconds=60,
    ),
    FunctionRow(
        name="deliver_webhooks",
        description="Posts signed events to those who asked for them, until they are taken",
        trigger=Deliveries(),
        permissions=(
            Permission.READS_WEBHOOKS,
            Permission.SETS_WEBHOOKS,
            Permission.READS_ENDPOINTS,
            Permission.NOTES_ENDPOINTS,
            Permission.SENDS_DELIVERIES,
            Permission.LISTS_UNDELIVERED,
        ),
        timeout_seconds=30,
    ),
    FunctionRow(
        name="serve_webhooks",
        description="Sets, shows, tries and deletes a tenant's webhooks",
        trigger=Routes(
            (
                Route("PUT", "/v1/webhooks/{name}", JOBS_WRITE),
                Route("DELETE", "/v1/webhooks/{name}", JOBS_WRITE),
                Route("POST", "/v1/webhooks/{name}/rotate", JOBS_WRITE),
                Route("POST", "/v1/webhooks/{name}/test", JOBS_WRITE),
                Route("GET", "/v1/webhooks", JOBS_READ),
                Route("GET", "/v1/webhooks/{name}", JOBS_READ),
            )
        ),
        permissions=(
            Permission.READS_WEBHOOKS,
            Permission.SETS_WEBHOOKS,
            Permission.SENDS_DELIVERIES,
            Permission.READS_ENDPOINTS,
        ),
    ),
)


def function_named(name: str) -> FunctionRow:
    """Return the row of that name."""
    return next(row for row in FUNCTIONS if row.name == name)
