"""Webhooks and their endpoints' states: each Region's own, the last one put, and never an older one over a newer."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.application.webhook_ports import EndpointState, Result
from functions.domain.breaker import Breaker, Standing
from functions.domain.moments import add_seconds
from functions.domain.webhooks import KnownWebhook, SigningSecret, Webhook, WebhookStanding
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

HOOK = Webhook(
    tenant="acme",
    name="a",
    region=EAST,
    url="https://example.com/a",
    events=("job.succeeded", "job.failed"),
    agents=("probe",),
    tags={"team": "x"},
    active=True,
    at=NOON,
    by="ann",
    secrets=(SigningSecret("whsec_new"), SigningSecret("whsec_old", until=NOON)),
)
SEEN = EndpointState(
    tenant="acme",
    endpoint="a",
    region=EAST,
    at=NOON,
    breaker=Breaker(standing=Standing.OPEN, failures=5, openings=1, since=NOON, retry_at=NOON),
    results=(Result(at=NOON, event="job_x/1.us-east-1/2", attempt=2, status=None, detail="no answer"),),
)
LATER = add_seconds(NOON, 1)


def webhooks(state: State, *put: Webhook) -> list[Webhook]:
    """Put these and return what there is then."""
    for each in put:
        asyncio.run(state.webhooks.put(each))
    return sorted(asyncio.run(state.webhooks.read("acme")), key=lambda each: (each.name, each.region))


def endpoints(state: State, *put: EndpointState) -> list[EndpointState]:
    """Put these and return what there is then of endpoint `a`."""
    for each in put:
        asyncio.run(state.endpoints.put(each))
    return sorted(asyncio.run(state.endpoints.read("acme", "a")), key=lambda each: each.region)


class TestWebhooks:
    def test_nobody_is_told_at_first(self, state: State) -> None:
        assert webhooks(state) == []

    @pytest.mark.parametrize(
        "hook",
        [
            HOOK,
            replace(HOOK, agents=None, tags=None, active=False, gone=True),
            replace(HOOK, deleted=True, secrets=(), url="", events=()),
        ],
    )
    def test_a_webhook_is_read_as_it_was_put(self, state: State, hook: Webhook) -> None:
        assert webhooks(state, hook) == [hook]

    @pytest.mark.parametrize(
        ("hook", "standing"),
        [
            (HOOK, WebhookStanding.LISTENS),
            (replace(HOOK, active=False), WebhookStanding.OFF),
            (replace(HOOK, deleted=True), WebhookStanding.NOT_THERE),
            (replace(HOOK, url=""), WebhookStanding.NOT_THERE),
        ],
    )
    def test_how_one_stands_is_known_without_its_secrets(
        self, state: State, hook: Webhook, standing: WebhookStanding
    ) -> None:
        webhooks(state, hook, replace(hook, tenant="acme2", name="b"))
        found = asyncio.run(state.webhooks.known("acme"))
        assert list(found) == [KnownWebhook(name="a", region=EAST, at=NOON, standing=standing)]

    def test_each_region_and_each_name_has_its_own(self, state: State) -> None:
        put = [replace(HOOK, name=name, region=region) for name in ("a", "b-2") for region in (EAST, WEST)]
        assert webhooks(state, *put) == put

    def test_another_tenants_webhooks_are_not_there(self, state: State) -> None:
        assert webhooks(state, replace(HOOK, tenant="acme2")) == []

    def test_the_one_set_later_stays_in_whichever_order_they_arrive(self, state: State) -> None:
        later = replace(HOOK, at=LATER, active=False)
        assert webhooks(state, HOOK, later) == [later]
        assert webhooks(state, HOOK) == [later]

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (state.webhooks.put(HOOK), state.webhooks.read("acme")):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)


class TestEndpoints:
    def test_an_endpoint_is_read_as_each_region_saw_it_last(self, state: State) -> None:
        west = replace(SEEN, region=WEST, breaker=Breaker(), results=())
        again = replace(SEEN, at=LATER, breaker=Breaker(failures=1))
        assert endpoints(state, SEEN, west, again, SEEN) == [again, west]

    def test_another_endpoint_whose_name_begins_alike_is_not_it(self, state: State) -> None:
        assert endpoints(state, replace(SEEN, endpoint="a2"), replace(SEEN, tenant="acme2")) == []

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (state.endpoints.put(SEEN), state.endpoints.read("acme", "a")):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
