"""API Gateway's authorizer: from a bearer token to the tenant, its scopes and its usage plan key.

A wrong token is 401: API Gateway wants to hear the one word `Unauthorized`. A table that refuses is raised as it is,
and API Gateway answers with AUTHORIZER_FAILURE, which the stack turns into a 503 with Retry-After: nobody is called
unauthorized because of an outage, and tokens seen in the last minutes still work, as their policies are kept.
"""

from typing import Any

from functions.adapters.api_authorizer import authorization_header, policy
from functions.adapters.api_gateway import Event
from functions.adapters.process_loop import run_to_end
from functions.application.ports import StateUnavailable
from functions.bootstrap import runtime


def handle(event: Event, context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    try:
        grant = run_to_end(runtime().authorize_request.authorize(authorization_header(event)))
    except StateUnavailable as error:
        runtime().log.failed("authorizer_without_state", error)
        raise
    if grant is None:
        runtime().log.say("unauthorized", level="WARNING")
        raise Exception("Unauthorized")
    runtime().log.say("authorized", tenant=grant.tenant, scopes=sorted(grant.scopes))
    return policy(grant, event["methodArn"], runtime().settings.tenant_key_prefix)
