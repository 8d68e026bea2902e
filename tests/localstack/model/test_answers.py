"""Scripts come before rules, and say exactly what they were given to say."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from localstack.model.answers import NOTHING_FITS, SCRIPT, Answers
from tests.localstack.model import licence_samples as samples
from tests.localstack.model.prompts import prompt


def answers(*script: dict[str, object]) -> Answers:
    return Answers(SCRIPT.validate_python(script))


def said(given: Answers, asked: str) -> str:
    answer = given.scripted(asked) or given.ruled(asked)
    return answer.text


def test_a_script_answers_the_prompts_that_hold_all_of_its_texts() -> None:
    given = answers({"contains": ["alpha", "beta"], "answers": ["both"]}, {"contains": "alpha", "answers": ["one"]})
    assert said(given, "beta and alpha") == "both"
    assert said(given, "alpha alone") == "one"
    assert said(given, "neither") == NOTHING_FITS


def test_answers_are_given_in_turn_and_the_last_for_ever() -> None:
    given = answers({"contains": "x", "answers": ["first", {"second": 2}]})
    assert [said(given, "x") for _ in range(3)] == ["first", '{"second": 2}', '{"second": 2}']


def test_a_script_that_is_used_up_leaves_the_prompt_to_the_rules() -> None:
    given = answers({"contains": "file METADATA", "answers": ["no JSON at all"], "times": 1})
    asked = prompt(LICENSE=samples.MIT)
    assert said(given, asked) == "no JSON at all"
    assert json.loads(said(given, asked))["spdx"] == "MIT"


def test_the_lie_about_a_licence_is_well_formed_and_quotes_what_is_not_there() -> None:
    asked = prompt(LICENSE=samples.MIT)
    lie = json.loads(Answers().ruled(asked).lie)
    assert lie.keys() == json.loads(Answers().ruled(asked).text).keys()
    assert lie["evidence"][0] not in asked


@pytest.mark.parametrize(
    "entry",
    [
        {"contains": [], "answers": ["a"]},
        {"contains": "x", "answers": []},
        {"contains": "x", "answers": ["a"], "times": 0},
        {"contains": "x", "answer": "a"},
    ],
)
def test_a_script_that_could_never_answer_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SCRIPT.validate_python([entry])
