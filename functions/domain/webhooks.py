"""Webhooks: which events of its jobs a tenant wants to be told of, at which address, signed with which secrets.

Each Region writes its own item of a webhook, so that no item has two writers; of the two the one set last is in force.
One that was deleted stays as a mark that says so, or the other Region's older item would bring it back.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from functions.domain.job.events import Json
from functions.domain.job.public_events import NAMES
from functions.domain.last_word import last_words
from functions.domain.moments import add_seconds

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
#: The name under which the secret lies that signs what goes to jobs' own `callback_url`s.
CALLBACKS = "callbacks"
ALL = "*"
TEST = "webhook.test"
#: For so long the secret before the last one signs beside it, so that receivers can change over.
OVERLAP_SECONDS = 86_400.0
#: A tenant has no more webhooks than that: each event is held against all of them.
MOST = 50


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret as receivers have it (`whsec_...`). `until` is when it stops to sign, if it does."""

    text: str
    until: str | None = None

    def __repr__(self) -> str:
        """Say nothing: what is logged is read by many."""
        return f"SigningSecret(..., until={self.until!r})"


class WebhookStanding(StrEnum):
    """Whether a webhook is told of anything. One that was deleted, or keeps a secret alone, is not there."""

    LISTENS = "listens"
    OFF = "off"
    NOT_THERE = "not-there"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWebhook:
    """What whoever may not read secrets knows of a webhook: how it stands, as `region` was told at the moment `at`."""

    name: str
    region: str
    at: str
    standing: WebhookStanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What `region` was last told about a tenant's webhook. `gone` says that the receiver itself wants no more."""

    tenant: str
    name: str
    region: str
    url: str
    events: tuple[str, ...]
    active: bool
    at: str
    by: str
    secrets: tuple[SigningSecret, ...]
    agents: tuple[str, ...] | None = None
    tags: Mapping[str, str] | None = None
    deleted: bool = False
    gone: bool = False

    def wants(self, detail: Mapping[str, Any]) -> bool:
        """Say whether it is to be told of an event."""
        if not self.listens or (ALL not in self.events and detail.get("event") not in self.events):
            return False
        if self.agents is not None and detail.get("agent") not in self.agents:
            return False
        tags = detail.get("tags") or {}
        return all(tags.get(name) == value for name, value in (self.tags or {}).items())

    @property
    def listens(self) -> bool:
        """Whether it is told of anything: one that only keeps the secret for callbacks has no address."""
        return self.standing is WebhookStanding.LISTENS

    @property
    def standing(self) -> WebhookStanding:
        """How it stands."""
        if self.deleted or not self.url:
            return WebhookStanding.NOT_THERE
        return WebhookStanding.LISTENS if self.active else WebhookStanding.OFF

    def signing(self, now: str) -> tuple[str, ...]:
        """Return the secrets that sign at this moment, the newest first."""
        return tuple(secret.text for secret in self.secrets if secret.until is None or now < secret.until)


_Told = TypeVar("_Told", Webhook, KnownWebhook)


def in_force(webhooks: Iterable[_Told]) -> Mapping[str, _Told]:
    """Return by name the webhook that counts: the one set last, and at one moment the later Region's. Deleted too."""
    return last_words(webhooks, lambda each: each.name)


def rotated(secrets: tuple[SigningSecret, ...], new: str, now: str) -> tuple[SigningSecret, ...]:
    """Return the secrets after a new one has come: the one before it signs for another day, older ones no more."""
    before = (replace(secrets[0], until=add_seconds(now, OVERLAP_SECONDS)),) if secrets else ()
    return (SigningSecret(new), *before)


def view(webhook: Webhook) -> dict[str, Json]:
    """Return a webhook as clients see it: never its secrets."""
    shown: dict[str, Json] = {
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "active": webhook.active,
        "at": webhook.at,
        "by": webhook.by,
        "region": webhook.region,
    }
    if webhook.agents is not None:
        shown["agents"] = list(webhook.agents)
    if webhook.tags is not None:
        shown["tags"] = dict(webhook.tags)
    if webhook.gone:
        shown["gone"] = True
    return shown


def unknown_events(events: Iterable[str]) -> list[str]:
    """Return which of these are no names of events."""
    return sorted(set(events) - {ALL, *NAMES})
