"""A StepRecorder in memory: carries steps out once, and plays them back in a second run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from functions.adapters.memory import CountingEntropy, ScriptedModel
from functions.application.agent_ports import (
    CallRequest,
    EndRequest,
    RedrivePage,
    StepRequest,
    TellRequest,
    WaitRequest,
)
from functions.application.ports import Model, ModelAnswer
from functions.domain.job.arrivals import Arrival
from functions.domain.job.events import Json

NOON = "2026-11-21T12:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Step:
    """How a step was asked for, and what came of it."""

    name: str
    kind: str
    arguments: Json
    expensive: bool
    repeatable: bool
    result: Json
    tokens: tuple[int, int]


@dataclass(slots=True)
class Recording:
    """The port StepRecorder. After `rewind` the same steps are read instead of carried out.

    `arrives` holds for each wait, in turn, what arrives for it, or None for nothing before its time is up; `children`
    the results of child jobs, in turn, or what calling them raises.
    """

    job_id: str = "job_a"
    answers: ScriptedModel = field(default_factory=lambda: ScriptedModel([ModelAnswer("{}", 1, 1)]))
    arrives: list[Arrival | None] = field(default_factory=list)
    children: list[Any] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    requests: list[StepRequest] = field(default_factory=list)
    waits: list[WaitRequest] = field(default_factory=list)
    calls: list[CallRequest] = field(default_factory=list)
    notes: list[tuple[str, Json]] = field(default_factory=list)
    told: list[TellRequest] = field(default_factory=list)
    answers_to_tells: list[Json] = field(default_factory=list)
    looks_at_ends: list[EndRequest] = field(default_factory=list)
    ends_that_count: list[Json] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    pages: list[RedrivePage] = field(default_factory=list)
    answers_to_pages: list[Json] = field(default_factory=list)
    session: str | None = None
    memory: list[Json] = field(default_factory=list)
    entropy: CountingEntropy = field(default_factory=CountingEntropy)
    _ended: dict[str, Json] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)

    @property
    def model(self) -> Model:
        """See StepRecorder."""
        return self.answers

    async def step(self, request: StepRequest) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.requests.append(request)
            outcome = await request.effect(f"{self.job_id}/{key}")
            tokens = (outcome.input_tokens, outcome.output_tokens)
            how = (request.expensive, request.repeatable)
            self.steps.append(Step(request.name, request.kind, request.arguments, *how, outcome.result, tokens))
            self._ended[key] = outcome.result
        return self._ended[key]

    async def wait(self, request: WaitRequest) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.waits.append(request)
            self._ended[key] = request.settle(self.arrives.pop(0) if self.arrives else None)
        return self._ended[key]

    async def call(self, request: CallRequest) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.calls.append(request)
            end = self.children.pop(0)
            if isinstance(end, Exception):
                raise end
            self._ended[key] = end
        return self._ended[key]

    async def tell(self, request: TellRequest) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.told.append(request)
            self._ended[key] = self.answers_to_tells.pop(0) if self.answers_to_tells else {"told": True}
        return self._ended[key]

    async def end_that_counts(self, request: EndRequest) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.looks_at_ends.append(request)
            self._ended[key] = self.ends_that_count.pop(0)
        return self._ended[key]

    def begun(self, branch: str) -> None:
        """See StepRecorder."""
        self.branches.append(branch)

    async def ended(self, branch: str, error: BaseException | None = None) -> None:
        """See StepRecorder."""

    async def redrive(self, request: RedrivePage) -> Json:
        """See StepRecorder."""
        key = self._key(request.name)
        if key not in self._ended:
            self.pages.append(request)
            self._ended[key] = self.answers_to_pages.pop(0)
        return self._ended[key]

    async def report(self, name: str, note: Json) -> None:
        """See StepRecorder."""
        self.notes.append((self._key(name), note))

    def now(self) -> str:
        """See StepRecorder."""
        return NOON

    def fraction(self) -> float:
        """See StepRecorder."""
        return self.entropy.fraction()

    def token(self) -> str:
        """See StepRecorder."""
        return self.entropy.token()

    def rewind(self) -> None:
        """From now on what was recorded is read."""
        self._seen.clear()

    def keys(self) -> list[str]:
        """Return the keys of what has ended, in the order in which it did."""
        return list(self._ended)

    def _key(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"
