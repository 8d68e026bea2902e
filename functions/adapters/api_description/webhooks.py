"""The routes by which webhooks are set, tried, taken away and shown."""

from functions.adapters.api_description.row import Parameter, RouteDescription
from functions.adapters.webhook_body import WebhookBody
from functions.domain.webhooks import NAME
from functions.sdk.webhook_answers import TestEvent, Webhooks, WebhookSet, WebhookShown

_NAME = Parameter("path", "name", "The webhook's name.", {"type": "string", "pattern": f"^{NAME.pattern}$"})
_SENT = {"url": "https://example.com/antipode", "events": ["job.succeeded", "job.failed"], "tags": {"team": "legal"}}
_WEBHOOK = {
    "name": "legal",
    **_SENT,
    "active": True,
    "at": "2030-01-01T00:00:00.000Z",
    "by": "ann",
    "region": "us-east-1",
}
_SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
_EVENT = f"job_{'a' * 32}/1.us-east-1/6"
_ENDPOINT = {
    "region": "us-east-1",
    "at": "2030-01-01T00:00:00.000Z",
    "breaker": {"standing": "closed", "failures": 0},
    "deliveries": [
        {"at": "2030-01-01T00:00:00.000Z", "event": _EVENT, "attempt": 1, "status": 204, "detail": "HTTP 204"}
    ],
}

ROUTES = (
    RouteDescription(
        method="PUT",
        path="/v1/webhooks/{name}",
        scope="jobs:write",
        name="setWebhook",
        summary="Have events of jobs posted to an address. The answer shows a new webhook's signing secret, this once.",
        parameters=(_NAME,),
        request=WebhookBody,
        sent=_SENT,
        answer=WebhookSet,
        answered={**_WEBHOOK, **_SECRET, "durability": "both"},
        codes=("invalid_callback_url", "too_many_webhooks"),
    ),
    RouteDescription(
        method="DELETE",
        path="/v1/webhooks/{name}",
        scope="jobs:write",
        name="deleteWebhook",
        summary="Delete a webhook: nothing more is posted to it.",
        parameters=(_NAME,),
        answer=WebhookSet,
        answered={**_WEBHOOK, "active": False, "url": "", "deleted": True, "durability": "both"},
        codes=("webhook_not_found",),
    ),
    RouteDescription(
        method="POST",
        path="/v1/webhooks/{name}/rotate",
        scope="jobs:write",
        name="rotateWebhookSecret",
        summary="Make a new signing secret; the one before signs beside it for a day. `callbacks` is for callbacks.",
        parameters=(_NAME,),
        answer=WebhookSet,
        answered={**_WEBHOOK, **_SECRET, "durability": "both"},
        codes=("webhook_not_found",),
    ),
    RouteDescription(
        method="POST",
        path="/v1/webhooks/{name}/test",
        scope="jobs:write",
        name="testWebhook",
        summary="Post a test event to a webhook's address.",
        parameters=(_NAME,),
        status=202,
        answer=TestEvent,
        answered={"id": "test/us-east-1/3kTMd", "event": "webhook.test", "webhook": "legal"},
        codes=("webhook_not_found", "webhook_inactive", "lane_unavailable"),
    ),
    RouteDescription(
        method="GET",
        path="/v1/webhooks",
        scope="jobs:read",
        name="listWebhooks",
        summary="List the tenant's webhooks, without their secrets.",
        answer=Webhooks,
        answered={"webhooks": [_WEBHOOK]},
    ),
    RouteDescription(
        method="GET",
        path="/v1/webhooks/{name}",
        scope="jobs:read",
        name="getWebhook",
        summary="Show a webhook, its breaker and its last deliveries, as each Region sees them.",
        parameters=(_NAME,),
        answer=WebhookShown,
        answered={**_WEBHOOK, "endpoint": [_ENDPOINT]},
        codes=("webhook_not_found",),
    ),
)
