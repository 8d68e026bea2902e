"""Faults are drawn by seed and prompt, so that a run can be repeated."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from localstack.model.faults import Behaviour, Fate, Fates, Fault

MIXED = Behaviour(latency_ms=10, latency_spread_ms=5, throttle_rate=0.2, error_rate=0.2, hang_rate=0.1, lie_rate=0.1)


def fates_of(prompts: list[str], behaviour: Behaviour) -> list[Fate]:
    fates = Fates(behaviour)
    return [fates.decide(prompt) for prompt in prompts]


@given(st.permutations([f"prompt {number % 7}" for number in range(21)]), st.integers())
def test_the_order_in_which_prompts_come_in_changes_no_prompts_fate(shuffled: list[str], seed: int) -> None:
    behaviour = MIXED.model_copy(update={"seed": seed})

    def by_prompt(prompts: list[str]) -> dict[str, list[Fate]]:
        met: dict[str, list[Fate]] = {}
        for prompt, fate in zip(prompts, fates_of(prompts, behaviour), strict=True):
            met.setdefault(prompt, []).append(fate)
        return met

    assert by_prompt(shuffled) == by_prompt(sorted(shuffled))


def test_another_seed_draws_other_fates() -> None:
    prompts = [f"prompt {number}" for number in range(50)]
    assert fates_of(prompts, MIXED) != fates_of(prompts, MIXED.model_copy(update={"seed": 1}))


def test_each_fault_comes_as_often_as_ordered() -> None:
    drawn = Counter(fate.fault for fate in fates_of([f"prompt {number}" for number in range(4000)], MIXED))
    for fault, rate in MIXED.rates.items():
        assert drawn[fault] / 4000 == pytest.approx(rate, abs=0.03), fault


@pytest.mark.parametrize("fault", list(Fault))
def test_a_rate_of_one_leaves_nothing_else(fault: Fault) -> None:
    behaviour = Behaviour.model_validate({f"{fault}_rate": 1})
    assert {fate.fault for fate in fates_of([f"prompt {number}" for number in range(20)], behaviour)} == {fault}


def test_latency_lies_within_its_spread_and_varies() -> None:
    seconds = {fate.latency_seconds for fate in fates_of([f"prompt {number}" for number in range(100)], MIXED)}
    assert len(seconds) > 50
    assert min(seconds) >= 0.010
    assert max(seconds) <= 0.015


def test_faults_befall_only_the_prompts_that_were_chosen() -> None:
    behaviour = Behaviour(error_rate=1, only_prompts_with="job 7")
    assert [fate.fault for fate in fates_of(["job 6", "job 7"], behaviour)] == [None, Fault.ERROR]


def test_after_the_limit_there_are_no_more_faults_until_it_is_set_anew() -> None:
    fates = Fates(Behaviour(error_rate=1, fault_limit=2))
    assert [fates.decide("p").fault for _ in range(4)] == [Fault.ERROR, Fault.ERROR, None, None]
    fates.change(Behaviour(error_rate=1, fault_limit=1))
    assert [fates.decide("p").fault for _ in range(2)] == [Fault.ERROR, None]


@pytest.mark.parametrize(
    "wrong", [{"error_rate": 1.1}, {"error_rate": -0.1}, {"error_rate": 0.6, "hang_rate": 0.6}, {"eror_rate": 0.1}]
)
def test_a_behaviour_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Behaviour.model_validate(wrong)
