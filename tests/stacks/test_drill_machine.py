"""The machine that plays drills, run: whichever task fails, everything is put back, and the end says what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stacks.naming import drills_of
from tests.stacks.state_machine import Failed, Machine, Task
from tests.stacks.templates import Environment, Template, resolve

GIVEN = {"drill": "region-killed", "seed": 7}
CONTEXT = {"Execution": {"Name": "d-1"}}


@pytest.fixture(scope="session")
def definition(one_model: Environment) -> Mapping[str, Any]:
    (machine,) = Template(one_model.paths[drills_of("eu-central-1")]).properties("StepFunctions::StateMachine")
    read: dict[str, Any] = json.loads(resolve(machine["DefinitionString"]))
    return read


def fails(error: str, *, times: int = 1000) -> Task:
    left = [times]

    def task(_: object) -> bool:
        left[0] -= 1
        if left[0] >= 0:
            raise Failed(error, f"{error} happened")
        return True

    return task


def played(definition: Mapping[str, Any], **tasks: Task) -> tuple[str, Machine]:
    """How the execution ended, and the machine that ran it; what is not said goes well."""
    asked: dict[str, list[Any]] = {}

    def noted(name: str, task: Task) -> Task:
        def work(given: Any) -> Any:
            asked.setdefault(name, []).append(given)
            return task(given)

        return work

    usual: dict[str, Task] = {
        "Prepare": lambda _: {"changes": 5},
        "Play": lambda _: {"verdict": "held"},
        "Guard": lambda _: {"over": True},
        "Restore": lambda _: [],
    }
    machine = Machine(definition, {name: noted(name, tasks.get(name, task)) for name, task in usual.items()})
    try:
        machine.run(GIVEN, CONTEXT)
    except Failed as failed:
        return f"{failed.error}: {failed.cause}", machine
    assert asked["Prepare"] == asked["Play"] == [{"id": "d-1", **GIVEN}]
    assert asked["Restore"] == [{"id": "d-1"}]
    return "held", machine


def test_a_drill_that_held_succeeds_after_everything_was_put_back(definition: Mapping[str, Any]) -> None:
    ended, machine = played(definition)
    assert ended == "held"
    assert machine.entered[-3:] == ["Restore", "Held?", "Held"]


@pytest.mark.parametrize("verdict", ["broken", "void"])
def test_a_drill_that_did_not_hold_fails_and_says_so(definition: Mapping[str, Any], verdict: str) -> None:
    ended, machine = played(definition, Play=lambda _: {"verdict": verdict})
    assert ended == f"NotHeld: {verdict}"
    assert "Restore" in machine.entered


def test_a_refused_drill_puts_nothing_back_for_it_has_changed_nothing(definition: Mapping[str, Any]) -> None:
    ended, machine = played(definition, Prepare=fails("Refused"))
    assert ended == "Refused: Refused happened"
    assert machine.entered == ["Prepare", "Refused"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("Prepare", "Lambda.Unknown"),
        ("Play", "CannotDrill"),
        ("Play", "States.Timeout"),
        ("Guard", "Refused"),
        ("Guard", "Lambda.TooManyRequestsException"),
    ],
)
def test_whatever_fails_everything_is_put_back(definition: Mapping[str, Any], state: str, error: str) -> None:
    ended, machine = played(definition, **{state: fails(error)})
    assert ended == f"BrokeOff: {error} happened"
    assert machine.entered[-3:] == ["Restore", "Held?", "Broke off"]


def test_an_alarm_ends_a_drill_at_once_and_a_look_that_failed_is_made_again(definition: Mapping[str, Any]) -> None:
    looks: list[str] = []

    def alarmed(_: object) -> None:
        looks.append("looked")
        raise Failed("Refused", "alarm_raised")

    assert played(definition, Guard=alarmed)[0] == "BrokeOff: alarm_raised"
    assert looks == ["looked"]
    assert played(definition, Guard=lambda given: {"over": fails("Lambda.Unknown", times=0)(given)})[0] == "held"


def test_putting_back_is_tried_again_and_what_stays_broken_is_said(definition: Mapping[str, Any]) -> None:
    assert played(definition, Play=fails("CannotDrill"), Restore=fails("NotYetRestored", times=5))[0].startswith(
        "BrokeOff"
    )
    ended, machine = played(definition, Restore=fails("NotYetRestored"))
    assert ended.startswith("NotRestored: Something is not as it was")
    assert machine.entered[-1] == "Not restored"


def test_input_that_lacks_something_fails_before_anything_is_done(definition: Mapping[str, Any]) -> None:
    machine = Machine(definition, {})
    with pytest.raises(Failed):
        machine.run({"drill": "region-killed"}, CONTEXT)
    assert "Played and guarded" not in machine.entered
