"""What the API checks before it calls a function: the form of a job's body and the parameters of each route.

It stops what is plainly wrong without paying for a function. The functions check everything again: API Gateway skips
the body of a request whose content type it has no model for. So this may be looser than the functions, never stricter.
"""

from aws_cdk.aws_apigateway import (
    IModel,
    JsonSchema,
    JsonSchemaType,
    JsonSchemaVersion,
    Model,
    RequestValidator,
    RestApi,
)
from constructs import Construct

#: Names that become part of other names; the functions hold them to what exists.
_WORD = JsonSchema(type=JsonSchemaType.STRING, min_length=1, max_length=128)

JOB_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="JobRequest",
    type=JsonSchemaType.OBJECT,
    required=["agent", "input"],
    properties={
        "agent": _WORD,
        "input": JsonSchema(description="What the agent takes. Each agent has a schema of its own: GET /v1/agents"),
        "lane": _WORD,
        "session": _WORD,
        "delay_seconds": JsonSchema(type=JsonSchemaType.NUMBER, minimum=0),
        "deadline": JsonSchema(type=JsonSchemaType.STRING, min_length=1),
        "budget": JsonSchema(type=JsonSchemaType.OBJECT),
        "callback_url": JsonSchema(type=JsonSchemaType.STRING, min_length=1),
        "tags": JsonSchema(type=JsonSchemaType.OBJECT),
    },
)

#: Headers and query fields that routes read, by method and path; none is required.
OPTIONAL_PARAMETERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/v1/jobs"): ("header.Idempotency-Key", "header.Prefer"),
    ("GET", "/v1/jobs"): ("querystring.limit", "querystring.status", "querystring.before", "querystring.agent"),
    ("GET", "/v1/jobs/{id}"): ("header.Prefer",),
    ("GET", "/v1/jobs/{id}/events"): ("querystring.after", "querystring.limit"),
}


class RequestChecks(Construct):
    """The models and validators of one API."""

    def __init__(self, scope: Construct, name: str, *, api: RestApi) -> None:
        super().__init__(scope, name)
        self._job_request = Model(
            self,
            "JobRequest",
            rest_api=api,
            model_name="JobRequest",
            content_type="application/json",
            schema=JOB_REQUEST,
        )
        self._with_body = RequestValidator(
            self, "BodyAndParameters", rest_api=api, validate_request_body=True, validate_request_parameters=True
        )
        self._without_body = RequestValidator(
            self, "Parameters", rest_api=api, validate_request_body=False, validate_request_parameters=True
        )

    def validator(self, method: str) -> RequestValidator:
        """Return what checks requests of a method."""
        return self._with_body if method == "POST" else self._without_body

    def models(self, method: str, path: str) -> dict[str, IModel]:
        """Return the form that a route's body must have, by content type."""
        return {"application/json": self._job_request} if (method, path) == ("POST", "/v1/jobs") else {}


def parameters(method: str, path: str) -> dict[str, bool]:
    """Return a route's parameters, and whether each is required: what stands in the path always is."""
    in_path = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    required = {f"method.request.path.{name}": True for name in in_path}
    optional = {f"method.request.{name}": False for name in OPTIONAL_PARAMETERS.get((method, path), ())}
    return required | optional
