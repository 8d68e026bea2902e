"""Sending webhooks again: a new delivery of the same event, if there is still somebody who wants it."""

from dataclasses import replace

import pytest

from functions.application.deliver_webhooks import body_of
from functions.application.delivery_messages import encode_delivery
from functions.application.ports import StateUnavailable
from functions.application.webhook_ports import QueueUnavailable
from functions.domain.moments import add_seconds
from functions.domain.webhooks import CALLBACKS, Webhook
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.tellers import DETAIL, HOOK, WEST, delivery
from tests.unit.application.two_regions import TENANT, two_regions
from tests.unit.application.undelivered import DELETED, OFF, Undelivered, given_up


async def undelivered(*webhooks: Webhook) -> Undelivered:
    made = Undelivered(two_regions()[0])
    await made.have(*webhooks)
    return made


@in_virtual_time
async def test_the_same_event_is_sent_to_the_same_endpoint_as_if_for_the_first_time() -> None:
    east = await undelivered(HOOK)
    now = east.region.clock.now()
    assert await east.resend().send(TENANT, [given_up(3), given_up(4)]) == {}
    first, second = east.sent()
    assert (first.attempt, first.first_at, first.due, first.webhook) == (0, now, now, "a")
    assert first.detail == {**DETAIL, "sequence": 3}
    assert body_of(first.detail) == body_of({**DETAIL, "sequence": 3})
    assert [each.detail["id"][-2:] for each in (first, second)] == ["/3", "/4"]
    assert [each.delay_seconds for each in east.queue.waiting] == [0, 0]


@pytest.mark.parametrize(
    ("webhooks", "code"),
    [
        ([], "webhook_not_found"),
        ([DELETED], "webhook_not_found"),
        ([OFF], "webhook_inactive"),
        ([replace(OFF, gone=True)], "webhook_inactive"),
        ([HOOK, replace(OFF, region=WEST, at=add_seconds(HOOK.at, 1))], "webhook_inactive"),
        ([replace(HOOK, name="b")], "webhook_not_found"),
        ([replace(HOOK, url="")], "webhook_not_found"),
    ],
)
def test_where_nobody_wants_it_any_more_it_is_refused(webhooks: list[Webhook], code: str) -> None:
    async def program() -> None:
        east = await undelivered(*webhooks)
        assert await east.resend().send(TENANT, [given_up()]) == {given_up().id: code}
        assert east.sent() == []

    run_virtually(program())


@pytest.mark.parametrize("keeper", [[], [replace(HOOK, name=CALLBACKS, url="", events=())]])
def test_a_jobs_own_address_is_always_there(keeper: list[Webhook]) -> None:
    async def program() -> None:
        east = await undelivered(*keeper)
        letter = given_up(webhook=None, callback_url="https://example.com/c")
        assert await east.resend().send(TENANT, [letter]) == {}
        assert [each.callback_url for each in east.sent()] == ["https://example.com/c"]

    run_virtually(program())


@pytest.mark.parametrize(
    "body",
    [
        None,
        "{",
        '{"deliver": {}}',
        encode_delivery(delivery()).partition('"event":')[2][:-1],
        encode_delivery(delivery(detail={**DETAIL, "tenant": "someone-else"})),
    ],
)
def test_one_that_holds_no_delivery_of_the_tenants_own_is_refused_and_stops_no_other(body: str | None) -> None:
    async def program() -> None:
        east = await undelivered(HOOK)
        letters = [replace(given_up(3), body=body), given_up(4)]
        assert await east.resend().send(TENANT, letters) == {letters[0].id: "message_unreadable"}
        assert [each.detail["sequence"] for each in east.sent()] == [4]

    run_virtually(program())


@in_virtual_time
async def test_a_table_or_a_queue_that_refuses_is_said() -> None:
    east = await undelivered(HOOK)
    east.queue.refusing = True
    with pytest.raises(QueueUnavailable):
        await east.resend().send(TENANT, [given_up()])
    east.webhooks.table.refusing = True
    with pytest.raises(StateUnavailable):
        await east.resend().send(TENANT, [given_up()])
    assert await east.resend().send(TENANT, []) == {}
