"""A tool that is spoilt: the source that takes its place, and how often it misbehaved, by the histories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from functions.domain.job.events import StepAttemptFailed, StepFailed
from functions.domain.job.state import Recorded
from localstack.drills import local_tools
from localstack.drills.faults import ToolSpoilt
from localstack.drills.local_tools import DETAIL, SpoiltTool, changes, misbehaved
from localstack.evidence.replicas import fold_all, segments_of
from tests.architecture.sources import CHECKOUT
from tests.localstack.drills import made

SINCE, LATER = "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:06.000Z"
How = Literal["slow", "failing", "lying"]


def spoilt(fault: ToolSpoilt) -> Any:
    """The tool with the piece of source that takes its answer's place."""
    ((file, ((old, new),)),) = changes(fault).items()
    text = (CHECKOUT / file).read_text("utf-8")
    assert text.count(old) == 1, f"{file} has changed: say in localstack/drills/local_tools.py how its tool is spoilt"
    named: dict[str, Any] = {"__name__": "spoilt"}
    exec(compile(text.replace(old, new), file, "exec"), named)
    return named["probe_step"]


def test_a_tool_is_spoilt_as_asked() -> None:
    with pytest.raises(ConnectionError, match=DETAIL):
        asyncio.run(spoilt(ToolSpoilt("failing", share=1.0))(1, 0, 5))
    assert asyncio.run(spoilt(ToolSpoilt("failing", share=0.0))(1, 0, 5)) == "xxxxx"
    assert asyncio.run(spoilt(ToolSpoilt("slow", seconds=0.0))(1, 0, 5)) == "xxxxx"
    assert len({asyncio.run(spoilt(ToolSpoilt("lying"))(1, 0, 5)) for _ in range(20)}) > 1


def test_a_spoilt_tool_keeps_what_else_is_replaced_in_the_functions_source(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Mapping[str, object]] = []
    monkeypatch.setattr(local_tools, "bundle_with", built.append)
    other = {"functions/application/replay_steps.py": [("old", "new")]}
    fault = ToolSpoilt("slow")
    SpoiltTool((), fault, other).publish()
    assert built == [{**other, **changes(fault)}]


@pytest.mark.parametrize(("how", "count"), [("slow", 1), ("failing", 2), ("lying", 2)])
def test_what_a_tool_did_is_counted_from_the_moment_on_at_which_it_was_spoilt(how: How, count: int) -> None:
    (state,) = fold_all(segments_of(made.items({"job_00": "run"}))).values()
    failed = StepAttemptFailed(at=SINCE, step="a", code="ConnectionError", detail=DETAIL, attempt=1, retry_at=LATER)
    other = StepAttemptFailed(at=SINCE, step="a", code="ConnectionError", detail="else", attempt=1, retry_at=LATER)
    last = StepFailed(
        at=SINCE,
        step="a",
        step_kind="tool",
        arguments="d",
        code="ConnectionError",
        detail=f"{DETAIL}, for the last time",
    )
    more = tuple(Recorded(9, 1, made.FIRST, event) for event in (failed, other, last))
    seen = replace(state, history=state.history + more)
    assert misbehaved(seen, ToolSpoilt(how, seconds=0.0), SINCE) == count
    assert misbehaved(seen, ToolSpoilt(how, seconds=0.0), LATER) == 0
