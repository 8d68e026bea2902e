"""The rules by themselves: whom to ask first, who looks after a Region that failed, and what is never sent twice."""

from collections.abc import Sequence

import pytest

from functions.sdk.client_errors import ApiError, ApiUnreachable, Unavailable
from functions.sdk.client_failover import (
    HOLD_SECONDS,
    LONGEST_HOLD_SECONDS,
    Answered,
    Attempt,
    Call,
    Failover,
    Outcome,
    Pause,
    Regions,
    Silent,
    addresses_of,
)

A, B = "https://a", "https://b"


def carried_out(
    outcomes: Sequence[Outcome], *, repeatable: bool, failover: Failover | None = None
) -> tuple[list[object], object]:
    """The steps of a call to A and B that meets these outcomes, and what it ends in."""
    call = Call(method="POST", path="/x", read=lambda body: body, repeatable=repeatable)
    steps = (failover or Failover([A, B], 1.0, lambda: 0.0)).carry_out(call, lambda _: None)
    made: list[object] = []
    left = list(outcomes)
    given: Outcome = None
    while True:
        try:
            step = steps.send(given)
        except StopIteration as end:
            return made, end.value
        except ApiError as error:
            return made, type(error)
        made.append(step.address if isinstance(step, Attempt) else step)
        given = None if isinstance(step, Pause) else left.pop(0)


GONE = Silent("gone", sent=True)
UNSENT = Silent("refused", sent=False)
FAILED = Answered(500, b"{}")
FINE = Answered(200, b'{"a": 1}')


@pytest.mark.parametrize(("outcome", "kind"), [(GONE, ApiUnreachable), (FAILED, Unavailable)])
def test_what_may_have_been_carried_out_is_not_sent_again_unless_that_is_harmless(
    outcome: Outcome, kind: type[ApiError]
) -> None:
    assert carried_out([outcome, FINE], repeatable=False) == ([A], kind)
    assert carried_out([outcome, FINE], repeatable=True) == ([A, B], {"a": 1})


@pytest.mark.parametrize(("status", "asked"), [(200, A), (403, B), (404, B), (503, B)])
def test_a_region_that_failed_is_asked_again_only_when_it_says_that_it_is_well(status: int, asked: str) -> None:
    now = [0.0]
    failover = Failover([A, B], 1.0, lambda: now[0])
    assert carried_out([UNSENT, FINE], repeatable=True, failover=failover) == ([A, B], {"a": 1})
    now[0] = HOLD_SECONDS
    back = Answered(status, b'{"message": "Missing Authentication Token"}')
    assert carried_out([back, FINE], repeatable=True, failover=failover) == ([A, asked], {"a": 1})


def test_what_never_left_may_be_sent_elsewhere() -> None:
    assert carried_out([UNSENT, FINE], repeatable=False) == ([A, B], {"a": 1})


def test_what_was_throttled_is_only_sent_again_where_that_is_harmless() -> None:
    throttled = Answered(429, b'{"code": "throttled"}', 0.5)
    assert carried_out([throttled, FINE], repeatable=True) == ([A, Pause(0.5), A], {"a": 1})


def test_one_caller_looks_after_a_region_the_others_go_by() -> None:
    regions = Regions([A, B])
    regions.fail(A, 0.0)
    assert regions.in_order() == [B, A]
    assert regions.to_probe(HOLD_SECONDS - 1) is None
    assert [regions.to_probe(HOLD_SECONDS) for _ in range(3)] == [A, None, None]
    regions.fare_well(A)
    assert regions.in_order() == [A, B]


def test_a_region_that_stays_dead_is_looked_after_ever_less_often() -> None:
    regions, now, looks = Regions([A, B]), 0.0, []
    regions.fail(A, now)
    while now < 2000:
        now += 1
        if regions.to_probe(now):
            looks.append(now)
            regions.fail(A, now, probed=True)
    gaps = [later - before for before, later in zip([0.0, *looks], looks, strict=False)]
    assert gaps[:4] == [10, 20, 40, 80]
    assert max(gaps) == LONGEST_HOLD_SECONDS


def test_many_calls_that_fail_at_once_count_as_one() -> None:
    regions = Regions([A, B])
    for _ in range(5):
        regions.fail(A, 0.0)
    assert regions.to_probe(HOLD_SECONDS) == A


def test_nobody_is_looked_after_while_the_wanted_region_is_well_or_none_is() -> None:
    regions = Regions([A, B])
    regions.fail(B, 0.0)
    assert regions.to_probe(1000.0) is None
    regions.fail(A, 0.0)
    assert regions.to_probe(1000.0) is None, "the calls themselves find out"


def test_elsewhere_is_the_other_region_first() -> None:
    regions = Regions([A, B])
    assert regions.in_order(elsewhere=True) == [B, A]


def test_a_region_is_given_by_its_name_or_its_address() -> None:
    name = "https://api.example.com/v1"
    assert addresses_of(name, ("us-east-1", "us-west-2")) == [
        "https://us-east-1.api.example.com/v1",
        "https://us-west-2.api.example.com/v1",
        name,
    ]
    assert addresses_of(name + "/", ("http://127.0.0.1:1/v1/",)) == ["http://127.0.0.1:1/v1", name]
    assert addresses_of(name, ()) == [name]
