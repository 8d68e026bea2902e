"""The authorizer: a token's policy covers all that the token may do, and nothing else."""

from fnmatch import fnmatch
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerResponse,
)

from functions.adapters.api_authorizer import policy
from functions.application.authorize_request import hash_token
from functions.application.ports import StateUnavailable, TokenGrant
from functions.handlers.authorize_request import handle
from stacks.catalog import FUNCTIONS, Route
from tests.event_files import event
from tests.unit.handlers.conftest import Process

TOKEN = "ap_" + "A" * 43
STAGE = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/live"


def grant(process: Process, *scopes: str, principal: str | None = None) -> None:
    process.table.tokens[hash_token(TOKEN)] = TokenGrant("acme", frozenset(scopes), principal)


def authorize(header: str | None = f"Bearer {TOKEN}") -> dict[str, Any]:
    request = event("authorize_request")
    request["headers"]["Authorization"] = header
    return handle(request, None)


@pytest.mark.parametrize(
    ("scopes", "effect", "resources"),
    [
        (("jobs:read",), "Allow", [f"{STAGE}/GET/*"]),
        (("jobs:write",), "Allow", [f"{STAGE}/{method}/*" for method in ("DELETE", "POST", "PUT")]),
        (
            ("jobs:read", "jobs:write"),
            "Allow",
            [f"{STAGE}/{method}/*" for method in ("DELETE", "GET", "POST", "PUT")],
        ),
        (("approvals:decide",), "Allow", [f"{STAGE}/GET/v1/approvals", f"{STAGE}/POST/v1/approvals/*"]),
        (("something:else",), "Deny", [f"{STAGE}/*/*"]),
        ((), "Deny", [f"{STAGE}/*/*"]),
    ],
)
def test_the_policy_covers_what_the_scopes_allow_on_every_route(
    process: Process, scopes: tuple[str, ...], effect: str, resources: list[str]
) -> None:
    grant(process, *scopes)
    answer = authorize()
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == (effect, resources)
    assert answer["principalId"] == "acme"
    assert answer["context"] == {"tenant": "acme", "principal": "acme", "scopes": " ".join(sorted(scopes))}
    assert answer["usageIdentifierKey"] == "antipode-test-tenant-acme"


def test_the_answer_has_the_form_that_powertools_gives_it(process: Process) -> None:
    grant(process, "jobs:read")
    theirs = APIGatewayAuthorizerResponse(
        principal_id="acme",
        region="us-east-1",
        aws_account_id="123456789012",
        api_id="a1b2c3d4e5",
        stage="live",
        context={"tenant": "acme", "principal": "acme", "scopes": "jobs:read"},
        usage_identifier_key="antipode-test-tenant-acme",
    )
    theirs.allow_route("GET", "*")
    assert authorize() == theirs.asdict()


def test_a_token_that_names_its_holder_says_so_to_the_functions(process: Process) -> None:
    grant(process, "jobs:read", principal="ann")
    answer = authorize()
    assert (answer["principalId"], answer["context"]["principal"], answer["context"]["tenant"]) == (
        "ann",
        "ann",
        "acme",
    )
    assert answer["usageIdentifierKey"] == "antipode-test-tenant-acme"


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", f"Basic {TOKEN}", TOKEN, "Bearer ap_" + "B" * 43, "Bearer ap_short", f"Bearer {TOKEN}A"],
)
def test_no_valid_token_is_the_one_word_that_api_gateway_answers_with_401(process: Process, header: str | None) -> None:
    grant(process, "jobs:read")
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize(header)


def test_a_request_without_the_header_is_unauthorized(process: Process) -> None:
    request = event("authorize_request")
    del request["headers"]["Authorization"]
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handle(request, None)


def test_a_table_that_refuses_makes_nobody_unauthorized(process: Process) -> None:
    grant(process, "jobs:read")
    process.table.refusing = True
    with pytest.raises(StateUnavailable):
        authorize()


def test_no_token_is_ever_logged(process: Process, capsys: pytest.CaptureFixture[str]) -> None:
    grant(process, "jobs:read")
    authorize()
    with pytest.raises(Exception, match="Unauthorized"):
        authorize("Bearer ap_" + "B" * 43)
    logged = capsys.readouterr().out
    assert "authorized" in logged
    assert "ap_" not in logged


@pytest.mark.parametrize("route", [route for row in FUNCTIONS for route in row.routes if route.scope], ids=str)
def test_the_scope_of_each_route_allows_it(process: Process, route: Route) -> None:
    assert route.scope is not None
    granted = policy(TokenGrant("acme", frozenset({route.scope})), f"{STAGE}/GET/v1/jobs", "t-")
    allowed = granted["policyDocument"]["Statement"][0]["Resource"]
    assert any(fnmatch(f"{STAGE}/{route.method}{route.path}", pattern) for pattern in allowed)
