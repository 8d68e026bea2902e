"""Limits as they are set, and a Region's slots, lines and starts: each step is taken by one alone."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.limits import Limit, Slot, Waiter, scope_of_agent, scope_of_key
from functions.domain.moments import add_seconds
from functions.domain.switches import WHOLE_TENANT, Switch
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST, State

LIMIT = Limit(tenant="acme", scope=WHOLE_TENANT, region=EAST, concurrency=3, starts_per_minute=0.5, at=NOON, by="ann")
CLEARED = replace(LIMIT, at=add_seconds(NOON, 0.001), concurrency=None, starts_per_minute=None)
LATER = add_seconds(NOON, 30)
SLOT = Slot(0, "holder", "job_1", LATER)
WAITER = Waiter(NOON, "job_1", "batch", "acme", 2, LATER)


def put(state: State, *limits: Limit) -> list[Limit]:
    for limit in limits:
        asyncio.run(state.limits.put_limit(limit))
    return sorted(asyncio.run(state.limits.read_limits("acme")), key=lambda limit: (limit.scope, limit.region))


class TestLimits:
    def test_nothing_is_limited_at_first(self, state: State) -> None:
        assert put(state) == []

    @pytest.mark.parametrize("scope", [WHOLE_TENANT, scope_of_agent("probe"), scope_of_key("db:main#1")])
    def test_a_limit_is_read_as_it_was_put(self, state: State, scope: str) -> None:
        limit = replace(LIMIT, scope=scope)
        assert put(state, limit) == [limit]
        assert put(state, replace(limit, at=LATER, concurrency=None)) == [replace(limit, at=LATER, concurrency=None)]

    def test_the_later_one_counts_and_clearing_is_putting(self, state: State) -> None:
        assert put(state, CLEARED, LIMIT) == [CLEARED]
        assert put(state, replace(LIMIT, region=WEST), replace(LIMIT, tenant="other")) == [
            CLEARED,
            replace(LIMIT, region=WEST),
        ]

    def test_switches_and_limits_are_read_at_once_and_neither_is_taken_for_the_other(self, state: State) -> None:
        switch = Switch(tenant="acme", scope=WHOLE_TENANT, region=EAST, paused=True, at=NOON, by="ann")
        asyncio.run(state.switches.put(switch))
        put(state, LIMIT)
        assert asyncio.run(state.switches.read("acme")) == [switch]
        switches, limits = asyncio.run(state.switches.read_rules("acme"))
        assert (list(switches), list(limits)) == ([switch], [LIMIT])


class TestStarts:
    def test_the_first_start_is_now_and_each_further_one_an_interval_later(self, state: State) -> None:
        starts = [asyncio.run(state.limit_book.next_start("p", NOON, 1500)) for _ in range(3)]
        assert starts == [NOON, add_seconds(NOON, 1.5), add_seconds(NOON, 3)]
        assert asyncio.run(state.limit_book.next_start("other", NOON, 1500)) == NOON

    def test_a_line_that_is_over_begins_anew(self, state: State) -> None:
        asyncio.run(state.limit_book.next_start("p", NOON, 1500))
        assert asyncio.run(state.limit_book.next_start("p", LATER, 1500)) == LATER
        assert asyncio.run(state.limit_book.next_start("p", NOON, 1500)) == add_seconds(LATER, 1.5)

    def test_a_job_has_one_reservation(self, state: State) -> None:
        assert asyncio.run(state.limit_book.reservation("p", "job_1")) is None
        assert asyncio.run(state.limit_book.reserve("p", "job_1", NOON)) == NOON
        assert asyncio.run(state.limit_book.reserve("p", "job_1", LATER)) == NOON
        assert asyncio.run(state.limit_book.reservation("p", "job_1")) == NOON
        assert asyncio.run(state.limit_book.reservation("q", "job_1")) is None


class TestSlots:
    def test_a_slot_is_held_by_one(self, state: State) -> None:
        book = state.limit_book
        assert asyncio.run(book.take("p", SLOT, NOON))
        assert not asyncio.run(book.take("p", replace(SLOT, holder="other"), add_seconds(LATER, -0.001)))
        assert asyncio.run(book.take("p", replace(SLOT, number=1, holder="other"), NOON))
        assert asyncio.run(book.slots("p")) == [SLOT, replace(SLOT, number=1, holder="other")]
        assert asyncio.run(book.slots("q")) == []

    def test_a_slot_whose_lease_is_over_is_free(self, state: State) -> None:
        other = Slot(0, "other", "job_2", add_seconds(LATER, 30))
        asyncio.run(state.limit_book.take("p", SLOT, NOON))
        assert asyncio.run(state.limit_book.take("p", other, LATER))
        assert not asyncio.run(state.limit_book.renew("p", replace(SLOT, expires=add_seconds(LATER, 60))))
        asyncio.run(state.limit_book.release("p", SLOT))
        assert asyncio.run(state.limit_book.slots("p")) == [other]

    def test_a_holder_renews_its_slot_and_lets_it_go(self, state: State) -> None:
        longer = replace(SLOT, expires=add_seconds(LATER, 30))
        assert not asyncio.run(state.limit_book.renew("p", SLOT))
        asyncio.run(state.limit_book.take("p", SLOT, NOON))
        assert asyncio.run(state.limit_book.renew("p", longer))
        assert asyncio.run(state.limit_book.slots("p")) == [longer]
        for _ in range(2):
            asyncio.run(state.limit_book.release("p", longer))
            assert asyncio.run(state.limit_book.slots("p")) == []


class TestLine:
    def test_whoever_could_have_run_first_is_first(self, state: State) -> None:
        second = replace(WAITER, job_id="job_2")
        third = replace(WAITER, since=LATER, job_id="job_0", called=True)
        for waiter in (third, WAITER, second):
            asyncio.run(state.limit_book.stand("p", waiter))
        assert asyncio.run(state.limit_book.line("p", 9)) == [WAITER, second, third]
        assert asyncio.run(state.limit_book.line("p", 2)) == [WAITER, second]
        asyncio.run(state.limit_book.leave("p", WAITER))
        asyncio.run(state.limit_book.leave("p", WAITER))
        asyncio.run(state.limit_book.stand("p", replace(second, called=True)))
        assert asyncio.run(state.limit_book.line("p", 9)) == [replace(second, called=True), third]
        assert asyncio.run(state.limit_book.line("q", 9)) == []

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        book = state.limit_book
        for call in (
            state.limits.put_limit(LIMIT),
            state.limits.read_limits("acme"),
            book.next_start("p", NOON, 1),
            book.reservation("p", "j"),
            book.reserve("p", "j", NOON),
            book.slots("p"),
            book.take("p", SLOT, NOON),
            book.renew("p", SLOT),
            book.release("p", SLOT),
            book.line("p", 1),
            book.stand("p", WAITER),
            book.leave("p", WAITER),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
