"""The rules read the licences of this environment's distributions well, without seeing what these declare."""

from __future__ import annotations

import asyncio
import json
from functools import cache

from functions.application.ports import ModelAnswer, ModelRequest
from localstack.model.accuracy import Accuracy, RuleModel, accuracy_of, declaring_distributions, measure

ENOUGH_TO_MEAN_SOMETHING = 30
FLOOR = 0.95


class Overheard:
    """The rule-based reader, and all that it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._model = RuleModel()

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        self.asked.append(f"{request.system}\n{request.prompt}")
        return await self._model.converse(request)


class Parrot:
    """A model that always says the same."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        return ModelAnswer(self._text, 1, 1)


@cache
def measured() -> tuple[Accuracy, list[str]]:
    model = Overheard()
    return asyncio.run(measure(model)), model.asked


def test_the_rules_read_this_environments_licences_above_the_floor() -> None:
    accuracy, _ = measured()
    report = "\n".join(accuracy.lines())
    assert accuracy.measured >= ENOUGH_TO_MEAN_SOMETHING, report
    assert accuracy.share >= FLOOR, report
    assert accuracy.same_risk / accuracy.measured >= FLOOR, report


def test_the_model_is_never_shown_a_declared_expression() -> None:
    accuracy, asked = measured()
    assert len(asked) >= accuracy.measured
    assert [prompt for prompt in asked if "License-Expression" in prompt] == []


def test_a_model_that_asserts_nothing_scores_nothing() -> None:
    silent = Parrot(json.dumps({"spdx": "NOASSERTION", "risk": "unknown", "evidence": [], "confidence": 0}))
    accuracy = asyncio.run(measure(silent, declaring_distributions()[:5]))
    assert (accuracy.measured, accuracy.exact, accuracy.same_risk) == (5, 0, 0)
    assert {item.read for item in accuracy.mismatches} == {"NOASSERTION"}


def test_a_review_that_fails_counts_as_wrong_and_says_why() -> None:
    accuracy = asyncio.run(measure(Parrot("I would rather not."), declaring_distributions()[:1]))
    assert (accuracy.measured, accuracy.exact) == (1, 0)
    assert "model_answer_invalid" in accuracy.mismatches[0].read


def test_findings_without_a_declaration_are_not_counted() -> None:
    finding = {"distribution": "d", "spdx": "MIT", "declared": None, "agrees": None, "risk_agrees": None}
    right = finding | {"declared": "MIT", "agrees": True, "risk_agrees": True}
    wrong = finding | {"declared": "ISC", "agrees": False, "risk_agrees": True}
    accuracy = accuracy_of([finding, right, wrong])
    assert (accuracy.measured, accuracy.exact, accuracy.same_risk) == (2, 1, 2)
    assert accuracy.lines()[-1] == "  d: declares ISC, read MIT"
