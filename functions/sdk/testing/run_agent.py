"""Run an agent in a test: on the real runtime, in one process, in virtual time, with answers from a script."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from functions.application.ports import ModelRequest
from functions.domain.job.events import Json, StepFailed, StepSucceeded, to_json
from functions.domain.job.state import JobState, Recorded
from functions.domain.moments import seconds_between
from functions.sdk import values
from functions.sdk.agent import AgentDefinition
from functions.sdk.testing.cloud import Cloud
from functions.sdk.testing.faked_agent import Fakes
from functions.sdk.testing.lifetime import watch_births
from functions.sdk.testing.scripts import Memory, ModelScript, Script, SignalScript
from functions.sdk.testing.virtual_time import NothingLeftToHappen, VirtualLoop, run_virtually

#: What an event is about, in a story: the first of these fields that it has.
_TELLING = ("step", "code", "reason", "until")


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has come to its end. `times`: how often its effect was begun; 0 for a wait."""

    name: str
    kind: str
    result: Json
    error: Mapping[str, str] | None
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a job. `seconds` is how long it took in virtual time; `asked` what the model was asked."""

    agent: str
    job_id: str
    status: str
    result: Json
    error: Mapping[str, str] | None
    progress: Json
    steps: tuple[Step, ...]
    events: tuple[Mapping[str, Json], ...]
    seconds: float
    asked: tuple[ModelRequest, ...] = ()
    children: tuple["Run", ...] = ()

    def step(self, name: str) -> Step:
        """Return the step of that name. Raises LookupError, with the names that there are."""
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            raise LookupError(f"there is no step {name!r}; there are {', '.join(each.name for each in self.steps)}")
        return found

    @property
    def story(self) -> str:
        """What happened, one event a line, each with the seconds since the job was submitted."""
        began = str(self.events[0]["at"])
        lines = [f"{self.agent} {self.status} after {self.seconds:,.1f} s: {self.error or self.result!r}"]
        for event in self.events:
            about = next((event[name] for name in _TELLING if name in event), "")
            lines.append(f"{seconds_between(began, str(event['at'])):>14,.1f} s  {event['kind']}  {about}".rstrip())
        return "\n".join(lines)


class Surroundings(TypedDict, total=False):
    """What surrounds an agent in a test.

    `tools`: for a tool's name the function to call in its place; a tool without one is carried out as it is. `model`:
    its answers in turn, or a function from the request to the answer. `signals`: for a signal's name the bodies, one
    for each wait of a job in turn, or a function from the wait's number. `approvals`: for a group its decision (True,
    False or a `Decision`), or a function from the question. NOBODY in either stands for no answer. `agents`: those
    that may be called. `cancel_after`: so many seconds after it was submitted somebody asks that the job end.
    """

    tools: Fakes
    model: ModelScript
    signals: Mapping[str, SignalScript]
    approvals: Mapping[str, Any]
    agents: Iterable[AgentDefinition]
    cancel_after: float


class Scene:
    """An agent, its input and its surroundings: what is the same in all runs of a test."""

    def __init__(self, agent: AgentDefinition, input: object, surroundings: Surroundings) -> None:
        self.agent = agent
        self._input = values.to_json(input, "the input")
        self._surroundings = surroundings
        self._agents = [agent, *surroundings.get("agents", ())]
        self._memory = Memory()

    def play(self, deaths: Sequence[int] = (), *, eager: bool = False) -> tuple[Run, Cloud]:
        """Run it once. Raises AssertionError when it never ends or when the script lacks an answer."""
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            raise TypeError("a run has a time of its own: call it from an ordinary function, not from an async one")
        given = self._surroundings
        script = Script(
            model=given.get("model", ()),
            signals=given.get("signals", {}),
            approvals=given.get("approvals", {}),
            memory=self._memory,
        )
        fakes = given.get("tools", {})
        cloud = Cloud(agents=self._agents, fakes=fakes, script=script, deaths=deaths, eager=eager)
        try:
            return run_virtually(self._play(cloud)), cloud
        except NothingLeftToHappen:
            stuck = ", ".join(f"{cloud.state(job).job.agent} {cloud.state(job).status}" for job in cloud.jobs)
            raise AssertionError(f"nothing is left to happen, and not all jobs have ended: {stuck}") from None

    async def _play(self, cloud: Cloud) -> Run:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        watch_births(loop)
        job = await cloud.run(self.agent.name, self._input, self._surroundings.get("cancel_after"))
        if cloud.script.unexpected is not None:
            raise cloud.script.unexpected
        return await _shown(cloud, {each: cloud.state(each) for each in cloud.jobs}, job)


def run(agent: AgentDefinition, input: object, **surroundings: Unpack[Surroundings]) -> Run:
    """Run an agent to its end and return what became of it; a year of sleep takes no time. See `Surroundings`.

    Raises AntipodeError for an input that does not fit; AssertionError when the model is asked more than it answers.
    Call it from ordinary code, not from within an event loop.
    """
    return Scene(agent, input, surroundings).play()[0]


async def _shown(cloud: Cloud, states: Mapping[str, JobState], job: str) -> Run:
    state = states[job]
    below = [child for child, its in states.items() if (its.job.parent or {}).get("job_id") == job]
    return Run(
        agent=state.job.agent,
        job_id=job,
        status=state.status,
        result=await cloud.value(state.result),
        error=state.error if state.status != "succeeded" else None,
        progress=await cloud.value(state.progress),
        steps=tuple([await _step(cloud, job, item) for item in state.history if _ends_step(item)]),
        events=tuple({"sequence": item.sequence, **to_json(item.event)} for item in state.history),
        seconds=seconds_between(state.job.at, state.updated_at),
        asked=tuple(request for request in cloud.script.asked if request.idempotency_key.startswith(f"{job}/")),
        children=tuple([await _shown(cloud, states, child) for child in below]),
    )


def _ends_step(item: Recorded) -> bool:
    return isinstance(item.event, StepSucceeded | StepFailed)


async def _step(cloud: Cloud, job: str, item: Recorded) -> Step:
    times = cloud.effects.begun[f"{job}/{item.event.step}"]  # type: ignore[union-attr]  # see _ends_step
    match item.event:
        case StepSucceeded() as event:
            return Step(event.step, event.step_kind, await cloud.value(event.result), None, times)
        case StepFailed() as event:
            return Step(event.step, event.step_kind, None, {"code": event.code, "detail": event.detail}, times)
        case _:
            raise TypeError(f"{item.event.kind} does not end a step")
