"""What the API checks before it calls a function: the form of a job's body and the parameters of each route.

It stops what is plainly wrong without paying for a function, but only where its answer can name the field: of a missing
field API Gateway says which one it is, of a field of the wrong type only that there is one. So types are left to the
functions, which check everything in any case: API Gateway skips the body of a request whose content type it has no
model for.
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

JOB_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="JobRequest",
    type=JsonSchemaType.OBJECT,
    required=["agent", "input"],
)

UPLOAD_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="UploadRequest",
    type=JsonSchemaType.OBJECT,
    required=["bytes", "sha256"],
)

DECISION_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="DecisionRequest",
    type=JsonSchemaType.OBJECT,
    required=["approved"],
)

SWITCH_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="SwitchRequest",
    type=JsonSchemaType.OBJECT,
    required=["paused"],
)

SCHEDULE_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="ScheduleRequest",
    type=JsonSchemaType.OBJECT,
    required=["cron", "agent", "input"],
)

WEBHOOK_REQUEST = JsonSchema(
    schema=JsonSchemaVersion.DRAFT4,
    title="WebhookRequest",
    type=JsonSchemaType.OBJECT,
    required=["url", "events"],
)

#: Headers and query fields that routes read, by method and path; none is required.
OPTIONAL_PARAMETERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/v1/jobs"): ("header.Idempotency-Key", "header.Prefer"),
    ("GET", "/v1/jobs"): ("querystring.limit", "querystring.status", "querystring.before", "querystring.agent"),
    ("GET", "/v1/jobs/{id}"): ("header.Prefer",),
    ("GET", "/v1/jobs/{id}/events"): ("querystring.after", "querystring.limit", "querystring.wait"),
    ("POST", "/v1/jobs/{id}/signals/{name}"): ("header.Idempotency-Key",),
    ("POST", "/v1/jobs/{id}/cancel"): ("header.Idempotency-Key",),
    ("POST", "/v1/jobs/{id}/pause"): ("header.Idempotency-Key",),
    ("POST", "/v1/jobs/{id}/resume"): ("header.Idempotency-Key",),
    ("GET", "/v1/dead-letters"): tuple(
        f"querystring.{name}" for name in ("type", "agent", "code", "since", "until", "before", "limit")
    ),
    ("POST", "/v1/dead-letters/redrive"): ("header.Idempotency-Key",),
    ("GET", "/v1/approvals"): ("querystring.group", "querystring.after", "querystring.limit"),
    ("POST", "/v1/approvals/{id}"): ("header.Idempotency-Key",),
    ("GET", "/v1/schedules"): ("querystring.fires",),
    ("GET", "/v1/schedules/{name}"): ("querystring.fires",),
}

#: The bodies that have a form, by method and path.
BODIES = {
    ("POST", "/v1/jobs"): JOB_REQUEST,
    ("POST", "/v1/payloads"): UPLOAD_REQUEST,
    ("POST", "/v1/approvals/{id}"): DECISION_REQUEST,
    ("PUT", "/v1/switches/tenant"): SWITCH_REQUEST,
    ("PUT", "/v1/schedules/{name}"): SCHEDULE_REQUEST,
    ("PUT", "/v1/switches/agents/{name}"): SWITCH_REQUEST,
    ("PUT", "/v1/webhooks/{name}"): WEBHOOK_REQUEST,
}


class RequestChecks(Construct):
    """The models and validators of one API."""

    def __init__(self, scope: Construct, name: str, *, api: RestApi) -> None:
        super().__init__(scope, name)
        schemas = {str(schema.title): schema for schema in BODIES.values()}
        models = {
            title: Model(self, title, rest_api=api, model_name=title, content_type="application/json", schema=schema)
            for title, schema in schemas.items()
        }
        self._models = {route: models[str(schema.title)] for route, schema in BODIES.items()}
        self._with_body = RequestValidator(
            self, "BodyAndParameters", rest_api=api, validate_request_body=True, validate_request_parameters=True
        )
        self._without_body = RequestValidator(
            self, "Parameters", rest_api=api, validate_request_body=False, validate_request_parameters=True
        )

    def validator(self, method: str) -> RequestValidator:
        """Return what checks requests of a method."""
        return self._with_body if method in ("POST", "PUT") else self._without_body

    def models(self, method: str, path: str) -> dict[str, IModel]:
        """Return the form that a route's body must have, by content type."""
        model = self._models.get((method, path))
        return {} if model is None else {"application/json": model}


def parameters(method: str, path: str) -> dict[str, bool]:
    """Return a route's parameters, and whether each is required: what stands in the path always is."""
    in_path = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    required = {f"method.request.path.{name}": True for name in in_path}
    optional = {f"method.request.{name}": False for name in OPTIONAL_PARAMETERS.get((method, path), ())}
    return required | optional
