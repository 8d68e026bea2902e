"""The answers that API Gateway gives by itself, in the form of all our errors: problem details with a stable code.

Without these a client would meet two kinds of errors, and API Gateway's own says 403 "Missing Authentication Token" for
an address that does not exist. Codes and titles are those of the functions' error catalogue; a test compares them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk.aws_apigateway import ResponseType, RestApi

#: API Gateway puts its own finding here. It fills the variable in as text that is safe between quotes.
_FINDING = "$context.error.validationErrorString"


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer: for which of API Gateway's response types, and what it says."""

    response: ResponseType
    status: int
    code: str
    title: str
    detail: str
    headers: Mapping[str, str] | None = None

    @property
    def body(self) -> str:
        """The problem details, with API Gateway's variables in them."""
        return json.dumps(
            {
                "type": f"urn:antipode:error:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "request_id": "$context.requestId",
            },
            separators=(",", ":"),
        )


_SECOND = {"Retry-After": "'1'"}
_HOUR = {"Retry-After": "'3600'"}
_UNAUTHORIZED = "No valid bearer token"
_FORBIDDEN = "The token lacks the scope"
_THROTTLED = "Too many requests"
_INTERNAL = "The service failed"
_CHALLENGE = {"WWW-Authenticate": "'Bearer'"}

#: Where there is no route, API Gateway tries to read the header Authorization as an AWS signature: without a header it
#: misses a token, with a bearer token the signature is incomplete, which has no response type but the default.
_NO_SUCH_ROUTE = (
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    ResponseType.RESOURCE_NOT_FOUND,
    ResponseType.INVALID_SIGNATURE,
    ResponseType.EXPIRED_TOKEN,
    ResponseType.DEFAULT_4_XX,
)

PROBLEMS: tuple[Problem, ...] = (
    Problem(ResponseType.BAD_REQUEST_BODY, 400, "invalid_body", "A field of the body is wrong", _FINDING),
    Problem(ResponseType.BAD_REQUEST_PARAMETERS, 400, "invalid_parameter", "A parameter or header is wrong", _FINDING),
    Problem(
        ResponseType.UNAUTHORIZED,
        401,
        "unauthorized",
        _UNAUTHORIZED,
        "Send the header Authorization: Bearer <token>.",
        _CHALLENGE,
    ),
    *(
        Problem(response, 404, "not_found", "No such address", "No route has this address and method.")
        for response in _NO_SUCH_ROUTE
    ),
    Problem(ResponseType.ACCESS_DENIED, 403, "forbidden", _FORBIDDEN, "This token may not do this."),
    Problem(
        ResponseType.INVALID_API_KEY,
        403,
        "forbidden",
        _FORBIDDEN,
        "The token's tenant has no usage plan in this Region.",
    ),
    Problem(ResponseType.WAF_FILTERED, 403, "forbidden", _FORBIDDEN, "The web firewall refused this request."),
    Problem(
        ResponseType.REQUEST_TOO_LARGE,
        413,
        "payload_too_large",
        "The body is over the limit",
        "A body may have 4000000 bytes, no more; upload a larger input with POST /v1/payloads.",
    ),
    Problem(
        ResponseType.UNSUPPORTED_MEDIA_TYPE,
        415,
        "unsupported_media_type",
        "The body is not sent as JSON",
        "Send Content-Type: application/json.",
    ),
    Problem(
        ResponseType.THROTTLED,
        429,
        "throttled",
        _THROTTLED,
        "Too many requests a second. Wait, then send again.",
        _SECOND,
    ),
    Problem(
        ResponseType.QUOTA_EXCEEDED, 429, "throttled", _THROTTLED, "The tenant's quota of this day is used up.", _HOUR
    ),
    # The authorizer raises when the table refuses. Nobody is called unauthorized because of an outage.
    *(
        Problem(
            response,
            503,
            "state_unavailable",
            "The state table refuses",
            "The token could not be checked. Send again.",
            _SECOND,
        )
        for response in (ResponseType.AUTHORIZER_FAILURE, ResponseType.AUTHORIZER_CONFIGURATION_ERROR)
    ),
    Problem(
        ResponseType.INTEGRATION_TIMEOUT,
        504,
        "internal",
        _INTERNAL,
        "No answer in time. The request may have worked.",
        _SECOND,
    ),
    Problem(ResponseType.INTEGRATION_FAILURE, 504, "internal", _INTERNAL, "The function could not be called.", _SECOND),
    Problem(
        ResponseType.DEFAULT_5_XX, 500, "internal", _INTERNAL, "Send again with the same Idempotency-Key.", _SECOND
    ),
)


def answer_in_problem_details(api: RestApi) -> None:
    """Give `api` all of the answers above."""
    for problem in PROBLEMS:
        api.add_gateway_response(
            f"On{problem.response.response_type.title().replace('_', '')}",
            type=problem.response,
            status_code=str(problem.status),
            response_headers={"Content-Type": "'application/problem+json'", **(problem.headers or {})},
            templates={"application/json": problem.body},
        )
