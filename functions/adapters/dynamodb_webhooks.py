"""Webhooks, and how their endpoints do, on DynamoDB: an item for each Region that wrote one, written by it alone.

Secrets and states have partitions of their own, so that a role can be given the one without the other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from functions.adapters.dynamodb_table import DynamodbTable, Item, text
from functions.application.webhook_ports import EndpointState, Result
from functions.domain.breaker import Breaker, Standing
from functions.domain.webhooks import KnownWebhook, SigningSecret, Webhook, WebhookStanding

#: What a role that may not read secrets can read of a webhook (stacks/constructs/permissions.py).
KNOWN = ("pk", "sk", "at", "standing")


class DynamodbWebhooks:
    """The webhooks in one replica; on the peer's table it writes the same items as on the own."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put(self, webhook: Webhook) -> None:
        """See Webhooks. Two requests at once may arrive at the peer in the other order, so an older one never wins."""
        body = {
            "url": webhook.url,
            "events": webhook.events,
            "agents": webhook.agents,
            "tags": webhook.tags,
            "active": webhook.active,
            "deleted": webhook.deleted,
            "gone": webhook.gone,
            "secrets": [[secret.text, secret.until] for secret in webhook.secrets],
        }
        item: dict[str, dict[str, Any]] = {
            "pk": text(_webhooks_of(webhook.tenant)),
            "sk": text(f"{webhook.name}#{webhook.region}"),
            "writer": text(webhook.region),
            "at": text(webhook.at),
            "by": text(webhook.by),
            "standing": text(webhook.standing),
            "body": text(json.dumps(body, separators=(",", ":"))),
        }
        await self._table.put_newer(item, "at")

    async def read(self, tenant: str) -> Sequence[Webhook]:
        """See Webhooks."""
        items = await self._table.query("pk = :tenant", {":tenant": text(_webhooks_of(tenant))})
        return [_webhook(tenant, item) for item in items]

    async def known(self, tenant: str) -> Sequence[KnownWebhook]:
        """See KnownWebhooks."""
        tenants = {":tenant": text(_webhooks_of(tenant))}
        return [_known(item) for item in await self._table.query("pk = :tenant", tenants, attributes=KNOWN)]


class DynamodbEndpoints:
    """The endpoints' states in one replica."""

    def __init__(self, table: DynamodbTable) -> None:
        self._table = table

    async def put(self, state: EndpointState) -> None:
        """See EndpointStates."""
        breaker = state.breaker
        body = {
            "breaker": [breaker.standing, breaker.failures, breaker.openings, breaker.since, breaker.retry_at],
            "results": [[each.at, each.event, each.attempt, each.status, each.detail] for each in state.results],
        }
        item: dict[str, dict[str, Any]] = {
            "pk": text(_endpoints_of(state.tenant)),
            "sk": text(f"{state.endpoint}#{state.region}"),
            "writer": text(state.region),
            "at": text(state.at),
            "body": text(json.dumps(body, separators=(",", ":"))),
        }
        await self._table.put_newer(item, "at")

    async def read(self, tenant: str, endpoint: str) -> Sequence[EndpointState]:
        """See EndpointStates."""
        values = {":tenant": text(_endpoints_of(tenant)), ":endpoint": text(f"{endpoint}#")}
        items = await self._table.query("pk = :tenant AND begins_with(sk, :endpoint)", values)
        return [_state(tenant, item) for item in items]


def _webhooks_of(tenant: str) -> str:
    return f"WEBHOOK#{tenant}"


def _endpoints_of(tenant: str) -> str:
    return f"ENDPOINT#{tenant}"


def _webhook(tenant: str, item: Item) -> Webhook:
    name, _, region = item["sk"]["S"].rpartition("#")
    body: Mapping[str, Any] = json.loads(item["body"]["S"])
    return Webhook(
        tenant=tenant,
        name=name,
        region=region,
        url=body["url"],
        events=tuple(body["events"]),
        agents=None if body["agents"] is None else tuple(body["agents"]),
        tags=body["tags"],
        active=body["active"],
        deleted=body["deleted"],
        gone=body["gone"],
        at=item["at"]["S"],
        by=item["by"]["S"],
        secrets=tuple(SigningSecret(secret, until) for secret, until in body["secrets"]),
    )


def _known(item: Item) -> KnownWebhook:
    name, _, region = item["sk"]["S"].rpartition("#")
    standing = WebhookStanding(item["standing"]["S"])
    return KnownWebhook(name=name, region=region, at=item["at"]["S"], standing=standing)


def _state(tenant: str, item: Item) -> EndpointState:
    endpoint, _, region = item["sk"]["S"].rpartition("#")
    body: Mapping[str, Any] = json.loads(item["body"]["S"])
    standing, failures, openings, since, retry_at = body["breaker"]
    breaker = Breaker(standing=Standing(standing), failures=failures, openings=openings, since=since, retry_at=retry_at)
    results = tuple(
        Result(at=at, event=event, attempt=attempt, status=status, detail=detail)
        for at, event, attempt, status, detail in body["results"]
    )
    return EndpointState(
        tenant=tenant, endpoint=endpoint, region=region, at=item["at"]["S"], breaker=breaker, results=results
    )
