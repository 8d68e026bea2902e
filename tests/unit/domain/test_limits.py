"""What limits say: which hold, how far apart starts lie, who may take a slot."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.limits import (
    Limit,
    Slot,
    Stand,
    Take,
    Waiter,
    decide_slot,
    limiting,
    limits_in_force,
    milliseconds_between_starts,
    scope_in_words,
    scope_of_agent,
    scope_of_key,
)
from functions.domain.switches import WHOLE_TENANT

NOW, LATER, PAST = "2026-11-21T12:00:00.000Z", "2026-11-21T12:01:00.000Z", "2026-11-21T11:59:00.000Z"
LIMIT = Limit(tenant="t", scope=WHOLE_TENANT, region="e", concurrency=2, starts_per_minute=None, at=NOW, by="ann")


def slot(number: int, expires: str = LATER) -> Slot:
    return Slot(number, f"h{number}", f"j{number}", expires)


def waiter(name: str, expires: str = LATER, *, called: bool = False) -> Waiter:
    return Waiter(name, name, "batch", "t", 1, expires, called)


def test_the_limit_set_last_counts_and_one_that_limits_nothing_does_not() -> None:
    cleared = replace(LIMIT, region="w", at=LATER, concurrency=None)
    assert limits_in_force([LIMIT, replace(LIMIT, concurrency=9, at=PAST)]) == {WHOLE_TENANT: LIMIT}
    assert limits_in_force([LIMIT, cleared]) == {}
    assert limits_in_force([cleared, replace(LIMIT, at=LATER)]) == {}


def test_a_job_is_under_its_tenants_its_agents_and_its_keys_limits() -> None:
    agents, keys = replace(LIMIT, scope=scope_of_agent("a")), replace(LIMIT, scope=scope_of_key("k"))
    others = [replace(LIMIT, scope=scope_of_agent("k")), replace(LIMIT, scope=scope_of_key("a"))]
    assert limiting([keys, *others, LIMIT, agents], "a", ["k", "l"]) == (agents, keys, LIMIT)


@pytest.mark.parametrize(
    ("scope", "words"), [("tenant", ("tenant", None)), ("agent/a", ("agent", "a")), ("key/a:b@c", ("key", "a:b@c"))]
)
def test_a_scope_is_told_in_words(scope: str, words: tuple[str, str | None]) -> None:
    assert scope_in_words(scope) == words


@given(st.floats(0.01, 60_000))
def test_no_more_start_in_a_minute_than_the_limit_says(starts: float) -> None:
    assert 60_000 / milliseconds_between_starts(starts) <= starts * (1 + 1e-9)


def test_a_free_slot_is_taken_when_nobody_was_before() -> None:
    assert decide_slot([], [], ("b", "b"), 2, NOW) == Take(0)
    assert decide_slot([slot(0)], [], ("b", "b"), 2, NOW) == Take(1)
    assert decide_slot([slot(0), slot(1)], [], ("b", "b"), 2, NOW) == Stand()
    assert decide_slot([slot(0), slot(1, NOW)], [], ("b", "b"), 2, NOW) == Take(1)


def test_whoever_was_before_is_called_and_others_stand() -> None:
    assert decide_slot([slot(0)], [waiter("a")], ("b", "b"), 2, NOW) == Stand((waiter("a"),))
    assert decide_slot([slot(0)], [waiter("a", called=True)], ("b", "b"), 2, NOW) == Stand()
    assert decide_slot([slot(0)], [waiter("a", NOW)], ("b", "b"), 2, NOW) == Take(1)
    assert decide_slot([], [waiter("a"), waiter("b"), waiter("c")], ("b", "b"), 2, NOW) == Take(1, (waiter("a"),))
    assert decide_slot([], [waiter("c"), waiter("d")], ("b", "b"), 2, NOW) == Take(0, (waiter("c"),))


def test_a_limit_that_was_lowered_counts_the_slots_beyond_it_as_well() -> None:
    assert decide_slot([slot(4), slot(5)], [], ("b", "b"), 2, NOW) == Stand()
    assert decide_slot([slot(5)], [], ("b", "b"), 2, NOW) == Take(0)


@given(
    held=st.sets(st.integers(0, 9)),
    expired=st.sets(st.integers(0, 9)),
    line=st.lists(st.sampled_from("abcdefgh"), max_size=8, unique=True),
    concurrency=st.integers(1, 8),
)
def test_a_slot_that_is_taken_was_free_and_within_the_limit(
    held: set[int], expired: set[int], line: list[str], concurrency: int
) -> None:
    slots = [slot(number, PAST if number in expired else LATER) for number in held]
    decision = decide_slot(slots, [waiter(name) for name in line], ("d", "d"), concurrency, NOW)
    if isinstance(decision, Take):
        assert decision.number < concurrency
        assert decision.number not in held - expired
        assert len(held - expired) < concurrency
    assert all(called.job_id != "d" for called in decision.called)
