"""What the world outside of an agent answers in a test: the model, senders of signals, and people who decide.

An answer belongs to the step that it is given to, so that a step that is done again after a crash, or in another run of
the same test, gets the same one.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from functions.application.ports import ModelAnswer, ModelRequest
from functions.domain.job.events import Json, WaitOpened
from functions.sdk.values import to_json

#: The answer of nobody: no signal is sent, no decision is taken, and the wait comes to its end by time.
NOBODY: Final = object()
#: After so long a signal or a decision comes, or after half of the time that there is for it.
ANSWER_SECONDS = 60.0

#: Answers in turn (text, what can be written as JSON, or an error to raise), or a function that gives each.
ModelScript: TypeAlias = Sequence[object] | Callable[[ModelRequest], object]
#: For each wait of one job in turn the signal's body, or a function from the wait's number (1, 2, ...) to it.
SignalScript: TypeAlias = Sequence[object] | Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides, and how many seconds after being asked."""

    approved: bool
    by: str = "tester"
    comment: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent to a job that waits, after so many seconds (None: see ANSWER_SECONDS)."""

    body: Json
    by: str = "tester"
    after: float | None = None


class UnexpectedQuestion(AssertionError):
    """The script holds no answer to what was asked."""


@dataclass(slots=True)
class Memory:
    """What was answered to which step, for all runs of one test."""

    model: dict[str, list[ModelAnswer | Exception]] = field(default_factory=dict)
    replies: dict[tuple[str, str], Reply | None] = field(default_factory=dict)
    values: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class Script:
    """All answers of one run. `unexpected` is the first question to which there was none."""

    model: ModelScript = ()
    signals: Mapping[str, SignalScript] = field(default_factory=dict)
    approvals: Mapping[str, Any] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    asked: list[ModelRequest] = field(default_factory=list)
    unexpected: UnexpectedQuestion | None = None
    _times: Counter[str] = field(default_factory=Counter)
    _waits: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model: the answers in turn, or what the function says."""
        self.asked.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, request: ModelRequest) -> ModelAnswer | Exception:
        key = request.idempotency_key
        self._times[key] += 1
        known = self.memory.model.setdefault(key, [])
        while len(known) < self._times[key]:
            if known and not isinstance(known[-1], Exception):
                return known[-1]
            known.append(self._next_answer(request))
        return known[self._times[key] - 1]

    def _next_answer(self, request: ModelRequest) -> ModelAnswer | Exception:
        if callable(self.model):
            return _as_model_answer(self.model(request))
        given = sum(len(answers) for answers in self.memory.model.values())
        if given >= len(self.model):
            self.unexpected = UnexpectedQuestion(
                f"the model is asked once more than the {given} answers of the test: {request.prompt[:500]!r}"
            )
            raise self.unexpected
        return _as_model_answer(self.model[given])

    def reply(self, job_id: str, opened: WaitOpened) -> Reply | None:
        """Return what is sent to a job that waits for a signal or a decision, or None for nothing."""
        place = (job_id, opened.step)
        if place not in self.memory.replies:
            self.memory.replies[place] = self._first_reply(job_id, opened)
        return self.memory.replies[place]

    def _first_reply(self, job_id: str, opened: WaitOpened) -> Reply | None:
        about = opened.about or {}
        if opened.step_kind == "signal":
            return self._signal(job_id, str(about["signal"]))
        if opened.step_kind == "approval":
            return _decided(self.approvals.get(str(about["group"]), NOBODY), about["question"])
        return None

    def _signal(self, job_id: str, name: str) -> Reply | None:
        self._waits[job_id, name] += 1
        number, script = self._waits[job_id, name], self.signals.get(name, ())
        body = script(number) if callable(script) else _nth(script, number)
        return None if body is NOBODY else Reply(to_json(body, f"the signal {name!r}"))


def _nth(bodies: Sequence[object], number: int) -> object:
    return bodies[number - 1] if number <= len(bodies) else NOBODY


def _decided(script: Any, question: Json) -> Reply | None:
    said = script(question) if callable(script) else script
    if said is NOBODY:
        return None
    decision = said if isinstance(said, Decision) else Decision(approved=bool(said))
    body: dict[str, Json] = {"approved": decision.approved, "comment": decision.comment}
    return Reply(body, decision.by, decision.after)


def _as_model_answer(answer: object) -> ModelAnswer | Exception:
    if isinstance(answer, ModelAnswer | Exception):
        return answer
    text = answer if isinstance(answer, str) else json.dumps(to_json(answer, "the model's answer"))
    return ModelAnswer(text, input_tokens=100, output_tokens=10)
