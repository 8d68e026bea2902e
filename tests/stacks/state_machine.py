"""Runs a state machine's definition with Python functions for its tasks: as much of ASL as ours use, and no more.

What it does not know it refuses, so that a definition that begins to use more does not seem to work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
Task = Callable[[Json], Json]


class Failed(Exception):
    """An execution, or a state of it, failed. `error` is what Catch and Retry go by."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


@dataclass
class Machine:
    """A definition, and what its tasks do, by the names of their states."""

    definition: Mapping[str, Any]
    tasks: Mapping[str, Task]
    entered: list[str] = field(default_factory=list)
    steps_left: int = 1000

    def run(self, given: Json, context: Mapping[str, Any]) -> Json:
        """Return what the execution puts out. Raises Failed."""
        return self._run(self.definition, given, context)

    def _run(self, definition: Mapping[str, Any], data: Json, context: Mapping[str, Any]) -> Json:
        name = definition["StartAt"]
        while True:
            self.steps_left -= 1
            assert self.steps_left > 0, f"it goes round in circles: {self.entered[-10:]}"
            state = definition["States"][name]
            self.entered.append(name)
            match state["Type"]:
                case "Succeed":
                    return data
                case "Fail":
                    cause = _at(state["CausePath"], data, context) if "CausePath" in state else state["Cause"]
                    raise Failed(state["Error"], cause)
                case "Choice":
                    chosen = (rule["Next"] for rule in state["Choices"] if _holds(rule, data, context))
                    name = next(chosen, state["Default"])
                    continue
                case "Wait" | "Pass":
                    pass
                case "Task" | "Parallel":
                    went_to, data = self._worked(name, state, data, context)
                    if went_to is not None:
                        name = went_to
                        continue
                case other:
                    raise AssertionError(f"states of type {other} are not known here")
            if state.get("End"):
                return data
            name = state["Next"]

    def _worked(
        self, name: str, state: Mapping[str, Any], data: Json, context: Mapping[str, Any]
    ) -> tuple[str | None, Json]:
        """The state to go to because of a failure, if there was one, and the data as they are then."""
        tried: dict[int, int] = {}
        while True:
            try:
                result = self._result(name, state, data, context)
            except Failed as failed:
                if _is_tried_again(state, failed, tried):
                    continue
                for row in state.get("Catch", ()):
                    if _is_named(failed, row["ErrorEquals"]):
                        told = {"Error": failed.error, "Cause": failed.cause}
                        return row["Next"], _put(row.get("ResultPath", "$"), data, told)
                raise
            return None, _put(state.get("ResultPath", "$"), data, result)

    def _result(self, name: str, state: Mapping[str, Any], data: Json, context: Mapping[str, Any]) -> Json:
        if state["Type"] == "Parallel":
            return [self._run(branch, data, context) for branch in state["Branches"]]
        given = {key.removesuffix(".$"): _at(path, data, context) for key, path in state["Parameters"].items()}
        return self.tasks[name](given)


def _is_tried_again(state: Mapping[str, Any], failed: Failed, tried: dict[int, int]) -> bool:
    """The first rule that names the error decides; each counts for itself."""
    for number, row in enumerate(state.get("Retry", ())):
        if _is_named(failed, row["ErrorEquals"]):
            tried[number] = tried.get(number, 0) + 1
            return tried[number] <= int(row["MaxAttempts"])
    return False


def _is_named(failed: Failed, names: list[str]) -> bool:
    """What Step Functions itself cannot go on from is in no `States.ALL`."""
    if failed.error == "States.Runtime":
        return False
    return "States.ALL" in names or failed.error in names


def _holds(rule: Mapping[str, Any], data: Json, context: Mapping[str, Any]) -> bool:
    match rule:
        case {"Variable": path, "IsPresent": wanted}:
            return _is_there(path, data, context) is wanted
        case {"Variable": path, "StringEquals": value} | {"Variable": path, "BooleanEquals": value}:
            return bool(_at(path, data, context) == value)
        case _:
            raise AssertionError(f"this rule is not known here: {rule}")


def _at(path: str, data: Json, context: Mapping[str, Any]) -> Json:
    whole: Json = context if path.startswith("$$") else data
    rest = path.removeprefix("$").removeprefix("$")
    for part in rest.replace("[", ".").replace("]", "").split(".")[1:]:
        try:
            whole = whole[int(part)] if part.isdigit() else whole[part]
        except (KeyError, IndexError, TypeError) as error:
            raise Failed("States.Runtime", f"{path} is not there") from error
    return whole


def _is_there(path: str, data: Json, context: Mapping[str, Any]) -> bool:
    try:
        _at(path, data, context)
    except Failed:
        return False
    return True


def _put(path: str | None, data: Json, result: Json) -> Json:
    if path is None:
        return data
    if path == "$":
        return result
    return {**data, path.removeprefix("$."): result}
