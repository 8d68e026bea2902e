"""API Gateway's Lambda authorizer notation: from its event the header, and from a grant the policy.

API Gateway keeps a policy for minutes and uses it for every route, so it covers all that the token may do, not only the
request at hand: `jobs:read` allows GET, `jobs:write` DELETE, POST and PUT, `approvals:decide` approvals alone, both
ways, and `regions:move` the Regions, which the function itself does not let `jobs:write` move.
"""

from collections.abc import Mapping
from typing import Any

from functions.application.ports import TokenGrant

#: What each scope allows, as method and path below the stage.
_ALLOWED = {
    "jobs:read": ("GET/*",),
    "jobs:write": ("DELETE/*", "POST/*", "PUT/*"),
    "approvals:decide": ("GET/v1/approvals", "POST/v1/approvals/*"),
    "regions:move": ("GET/v1/regions", "POST/v1/regions/*"),
}


def authorization_header(event: Mapping[str, Any]) -> str | None:
    """Return the Authorization header of an authorizer's event."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return headers.get("authorization")


def policy(grant: TokenGrant, method_arn: str, tenant_key_prefix: str) -> dict[str, Any]:
    """Return what API Gateway wants to hear of a token; one without a scope that we know is denied everything (403)."""
    stage_arn = "/".join(method_arn.split("/")[:2])
    allowed = sorted(routes for scope in grant.scopes for routes in _ALLOWED.get(scope, ()))
    return {
        "principalId": grant.holder,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if allowed else "Deny",
                    "Resource": [f"{stage_arn}/{routes}" for routes in allowed or ["*/*"]],
                }
            ],
        },
        "context": {"tenant": grant.tenant, "principal": grant.holder, "scopes": " ".join(sorted(grant.scopes))},
        "usageIdentifierKey": tenant_key_prefix + grant.tenant,
    }
