"""Delivering: split by endpoint, signed, tried again, given up, and never one endpoint's trouble for another."""

import asyncio
import json
from dataclasses import dataclass, replace

import pytest

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_webhooks import MemoryReceivers
from functions.application.deliver_webhooks import body_of, callback_endpoint
from functions.application.delivery_messages import decode_message, encode_delivery
from functions.application.webhook_ports import Answer, Delivery, Post
from functions.domain.breaker import THRESHOLD, Standing
from functions.domain.dead_letter import LetterType
from functions.domain.moments import add_seconds, seconds_between
from functions.domain.redelivery import GIVE_UP_SECONDS
from functions.domain.webhooks import CALLBACKS, SigningSecret, in_force
from tests.unit.application.tellers import DETAIL, EAST, HOOK, NOON, Telling, delivery

OTHER = replace(HOOK, name="b", url="https://example.com/b")
SECRET = HOOK.secrets[0].text


def refuse(status: int | None, retry_after: str | None = None) -> Answer:
    return Answer(status=status, detail=f"HTTP {status}", retry_after=retry_after)


@dataclass
class SlowReceivers:
    """Receivers that let others go on before they answer."""

    receivers: MemoryReceivers

    async def post(self, post: Post) -> Answer:
        await asyncio.sleep(0)
        return await self.receivers.post(post)


def telling(*hooks: object) -> Telling:
    made = Telling()
    made.put(*hooks or (HOOK,))  # type: ignore[arg-type]
    return made


class TestSplitting:
    def test_an_event_becomes_one_message_for_each_endpoint_that_wants_it(self) -> None:
        east = telling(HOOK, OTHER, replace(HOOK, name="c", events=("job.failed",)))
        assert east.work_on({**DETAIL, "asked": True}) == [None]
        assert [each.delivery.webhook for each in east.queue.waiting] == ["a", "b"]
        assert all("asked" not in each.delivery.detail for each in east.queue.waiting)
        assert east.receivers.received == []

    def test_a_callback_gets_the_end_of_its_job_and_nothing_else(self) -> None:
        east = Telling()
        url = "https://example.com/callback"
        east.work_on({**DETAIL, "callback_url": url}, {**DETAIL, "event": "job.started", "callback_url": url})
        assert [each.delivery.callback_url for each in east.queue.waiting] == [url]
        east.next_round()
        assert [post.url for post in east.receivers.received] == [url]
        assert url not in east.receivers.received[0].body

    def test_a_queue_that_refuses_has_the_event_come_again(self) -> None:
        east = telling()
        east.queue.refusing = True
        (outcome,) = east.work_on(DETAIL)
        assert outcome is not None

    def test_a_message_doubled_by_the_queue_gives_the_same_id_twice(self) -> None:
        east = telling()
        east.work_on(DETAIL, DETAIL)
        east.next_round()
        assert [post.id for post in east.receivers.received] == [DETAIL["id"], DETAIL["id"]]
        assert len({post.body for post in east.receivers.received}) == 1


class TestDelivering:
    def test_what_is_sent_is_signed_by_every_secret_that_holds_and_says_what_happened(self) -> None:
        old = SigningSecret("whsec_b2xk", until=add_seconds(NOON, 60))
        over = SigningSecret("whsec_b3Zlcg==", until=NOON)
        east = telling(replace(HOOK, secrets=(*HOOK.secrets, old, over)))
        assert east.work_on(delivery()) == [None]
        (post,) = east.receivers.received
        assert post == Post(
            url=HOOK.url, id=str(DETAIL["id"]), at=NOON, body=body_of(DETAIL), secrets=(SECRET, "whsec_b2xk")
        )
        assert east.queue.waiting == []

    def test_a_callback_is_signed_by_the_tenants_secret_for_callbacks_once_there_is_one(self) -> None:
        east = Telling()
        to_callback = delivery(webhook=None, callback_url="https://example.com/c")
        east.work_on(to_callback)
        east.put(replace(HOOK, name=CALLBACKS, url="", events=()))
        east.work_on(to_callback)
        assert [post.secrets for post in east.receivers.received] == [(), (SECRET,)]

    @pytest.mark.parametrize("change", [{"deleted": True}, {"active": False}])
    def test_a_webhook_that_is_gone_or_off_gets_nothing_more(self, change: dict[str, bool]) -> None:
        east = telling(replace(HOOK, **change))  # type: ignore[arg-type]
        assert east.work_on(delivery()) == [None]
        assert east.receivers.received == []

    def test_a_process_that_died_after_the_post_sends_the_same_id_again(self) -> None:
        east = telling()
        east.work_on(delivery())
        east.work_on(delivery())  # the queue never heard that it was done
        first, again = east.receivers.received
        assert (first.id, first.body) == (again.id, again.body)


class TestTryingAgain:
    def test_an_endpoint_that_fails_twice_gets_the_same_id_a_third_time(self) -> None:
        east = telling()
        answers = iter([refuse(500), refuse(None), Answer(status=200, detail="HTTP 200")])
        east.receivers.answers = lambda post: next(answers)
        east.work_on(delivery())
        east.next_round()
        east.next_round()
        assert [post.id for post in east.receivers.received] == [DETAIL["id"]] * 3
        assert east.queue.waiting == []

    def test_pauses_grow_and_are_drawn_by_chance(self) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(500)
        east.work_on(delivery())
        (first,) = east.queue.waiting
        assert (first.delay_seconds, first.delivery.attempt, first.delivery.due) == (3, 1, add_seconds(NOON, 2.5))
        east.work_on(delivery(attempt=3))
        assert east.queue.waiting[-1].delay_seconds == 20

    @pytest.mark.parametrize(("status", "seconds"), [(429, 120), (503, 120), (500, 3)])
    def test_retry_after_is_honoured_where_it_asks_for_patience(self, status: int, seconds: int) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(status, "120")
        east.work_on(delivery())
        assert east.queue.waiting[0].delay_seconds == seconds

    def test_what_is_not_due_goes_round_in_hops_without_being_tried(self) -> None:
        east = telling()
        east.work_on(delivery(due=add_seconds(NOON, 2000), attempt=5))
        (hop,) = east.queue.waiting
        assert (hop.delay_seconds, hop.delivery.attempt) == (900, 5)
        assert east.receivers.received == []

    def test_a_queue_that_refuses_the_next_try_has_this_one_come_again(self) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(500)
        east.queue.refusing = True
        (outcome,) = east.work_on(delivery())
        assert outcome is not None

    def test_a_table_that_cannot_say_who_asks_has_the_message_come_again(self) -> None:
        east = telling()
        east.table.refusing = True
        (outcome,) = east.work_on(delivery())
        assert outcome is not None


class TestGivingUp:
    def given_up(self) -> Telling:
        east = telling()
        east.receivers.answers = lambda post: refuse(500)
        east.clock.moment = add_seconds(NOON, GIVE_UP_SECONDS - 1)
        east.work_on(delivery(attempt=9))
        return east

    def test_what_nobody_took_in_time_is_a_dead_letter_that_can_be_sent_again(self) -> None:
        east = self.given_up()
        assert east.queue.waiting == []
        (letter,) = east.table.dead.values()
        assert (letter.type, letter.code, letter.endpoint) == (LetterType.WEBHOOK, "webhook_undelivered", "a")
        assert (letter.id, letter.tenant, letter.region) == (f"{DETAIL['id']}@a", "acme", EAST)
        assert letter.body is not None
        again = decode_message(letter.body)
        assert isinstance(again, Delivery)
        assert (again.attempt, again.first_at, again.detail) == (0, east.clock.moment, dict(DETAIL))

    def test_a_list_that_refuses_has_the_message_come_again(self) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(500)
        east.clock.moment = add_seconds(NOON, GIVE_UP_SECONDS)
        east.deliverer.dead_letters.table = MemoryTable(refusing=True)  # type: ignore[attr-defined]
        (outcome,) = east.work_on(delivery(attempt=9))
        assert outcome is not None

    def test_what_was_never_tried_is_tried_once_however_late(self) -> None:
        east = telling()
        east.clock.moment = add_seconds(NOON, 2 * GIVE_UP_SECONDS)
        east.work_on(delivery())
        assert len(east.receivers.received) == 1


class TestGone:
    def test_an_endpoint_that_says_it_is_gone_is_switched_off_in_both_regions(self) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(410)
        assert east.work_on(delivery()) == [None]
        for replica in (east.webhooks, east.peer_webhooks):
            hook = in_force(replica.rows.values())["a"]
            assert (hook.active, hook.gone, hook.by) == (False, True, "antipode")
            assert hook.at > HOOK.at
        assert east.queue.waiting == []

    def test_a_peer_that_refuses_leaves_it_to_replication(self) -> None:
        east = telling()
        east.receivers.answers = lambda post: refuse(410)
        east.peer_webhooks.table.refusing = True
        assert east.work_on(delivery()) == [None]

    def test_a_callback_that_is_gone_is_not_called_again(self) -> None:
        east = Telling()
        east.receivers.answers = lambda post: refuse(410)
        east.work_on(delivery(webhook=None, callback_url="https://example.com/c"))
        assert east.queue.waiting == []


class TestBreakers:
    def opened(self) -> Telling:
        east = telling(HOOK, OTHER)
        east.receivers.answers = lambda post: refuse(500) if post.url == HOOK.url else refuse(204)
        for _ in range(THRESHOLD):
            east.work_on(delivery())
        east.queue.waiting.clear()
        east.receivers.received.clear()
        return east

    def test_an_endpoint_that_keeps_failing_is_left_alone_and_no_other(self) -> None:
        east = self.opened()
        east.work_on(delivery(), delivery(webhook="b"))
        assert [post.url for post in east.receivers.received] == [OTHER.url]
        (waiting,) = east.queue.waiting
        assert (waiting.delivery.webhook, waiting.delivery.attempt) == ("a", 0)
        assert waiting.delay_seconds >= 15

    def test_other_processes_of_the_region_leave_it_alone_too(self) -> None:
        east = self.opened()
        other = telling()
        other.endpoints.rows = east.endpoints.rows
        other.work_on(delivery())
        assert other.receivers.received == []

    def test_after_the_pause_one_trial_decides(self) -> None:
        east = self.opened()
        east.receivers.answers = lambda post: refuse(204)
        east.clock.moment = add_seconds(NOON, 16)
        east.deliverer = replace(east.deliverer, receivers=SlowReceivers(east.receivers))
        east.work_on(delivery(), delivery(), delivery())
        assert len(east.receivers.received) == 1
        assert len(east.queue.waiting) == 2
        (state,) = [row for row in east.endpoints.rows.values() if row.endpoint == "a"]
        assert state.breaker.standing is Standing.CLOSED

    def test_what_an_open_breaker_held_back_for_all_its_time_is_given_up(self) -> None:
        east = self.opened()
        east.work_on(delivery(first_at=add_seconds(NOON, -GIVE_UP_SECONDS)))
        assert len(east.table.dead) == 1

    def test_a_table_that_cannot_say_how_an_endpoint_does_stops_nothing(self) -> None:
        east = telling()
        east.deliverer.endpoints.table = MemoryTable(refusing=True)  # type: ignore[attr-defined]
        assert east.work_on(delivery()) == [None]
        assert len(east.receivers.received) == 1

    def test_the_newest_results_are_kept_for_people(self) -> None:
        east = self.opened()
        (state,) = east.endpoints.rows.values()
        assert len(state.results) == THRESHOLD
        assert {(result.status, result.detail, result.event) for result in state.results} == {
            (500, "HTTP 500", DETAIL["id"])
        }

    def test_an_endpoint_that_does_well_is_written_down_once_in_a_while(self) -> None:
        east = telling()
        moments = set()
        for _ in range(40):
            east.work_on(delivery())
            moments.add(next(iter(east.endpoints.rows.values())).at)
            east.clock.moment = add_seconds(east.clock.moment, 1)
        assert [seconds_between(NOON, moment) for moment in sorted(moments)] == [0, 30]

    def test_callbacks_of_one_host_share_a_breaker(self) -> None:
        assert callback_endpoint("https://a.example/1?x") == callback_endpoint("https://a.example/2")
        assert callback_endpoint("https://a.example/1") != callback_endpoint("https://b.example/1")


class TestMessages:
    @pytest.mark.parametrize("made", [delivery(), delivery(webhook=None, callback_url="https://x.example/", attempt=3)])
    def test_a_delivery_is_read_as_it_was_written(self, made: Delivery) -> None:
        assert decode_message(encode_delivery(made)) == made

    def test_an_event_off_the_bus_is_read_as_it_is(self) -> None:
        assert decode_message(json.dumps(DETAIL)) == DETAIL

    @pytest.mark.parametrize("body", ["", "[]", "{}", '{"deliver": {}, "event": {}}', '{"id": 1}', "nothing"])
    def test_anything_else_is_refused(self, body: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            decode_message(body)
