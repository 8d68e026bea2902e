"""API Gateway's Lambda authorizer notation: from its event the header, and from a grant the policy.

API Gateway keeps a policy for minutes and uses it for every route, so it covers all that the token may do, not only the
request at hand: `jobs:read` allows GET, `jobs:write` allows POST.
"""

from collections.abc import Mapping
from typing import Any

from functions.application.ports import TokenGrant

_METHODS = {"jobs:read": "GET", "jobs:write": "POST"}


def authorization_header(event: Mapping[str, Any]) -> str | None:
    """Return the Authorization header of an authorizer's event."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return headers.get("authorization")


def policy(grant: TokenGrant, method_arn: str, tenant_key_prefix: str) -> dict[str, Any]:
    """Return what API Gateway wants to hear of a token; one without a scope that we know is denied everything (403)."""
    stage_arn = "/".join(method_arn.split("/")[:2])
    methods = sorted(_METHODS[scope] for scope in grant.scopes if scope in _METHODS)
    return {
        "principalId": grant.tenant,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if methods else "Deny",
                    "Resource": [f"{stage_arn}/{method}/*" for method in methods or ["*"]],
                }
            ],
        },
        "context": {"tenant": grant.tenant, "scopes": " ".join(sorted(grant.scopes))},
        "usageIdentifierKey": tenant_key_prefix + grant.tenant,
    }
