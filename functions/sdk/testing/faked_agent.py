"""An agent as it runs in a test: on the real Context, but with fakes for its tools, and with every effect counted."""

import inspect
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast, get_type_hints

from functions.application.agent_ports import (
    StepOutcome,
    StepRecorder,
    StepRequest,
)
from functions.domain.job.events import Json
from functions.sdk.agent import AgentDefinition
from functions.sdk.context import Context
from functions.sdk.testing.lifetime import Lifetime
from functions.sdk.testing.virtual_time import pass_time
from functions.sdk.tool import marked, options_of

Fakes = Mapping[str, Callable[..., Any]]
Result = TypeVar("Result")

MOMENT_SECONDS = 0.001


@dataclass(slots=True)
class Effects:
    """How often each effect was begun, by its idempotency key, and the keys of the steps that are in the history.

    `again` are those that were begun although their end was recorded, which must never happen. `values` are those of
    `now`, `random` and `uuid`, the same in all runs of one test so that their results can be compared.
    """

    values: dict[str, Json]
    begun: Counter[str] = field(default_factory=Counter)
    recorded: set[str] = field(default_factory=set)
    again: list[str] = field(default_factory=list)

    def begin(self, key: str) -> None:
        """Take an effect down."""
        self.begun[key] += 1
        if key in self.recorded:
            self.again.append(key)


class Observer:
    """A StepRecorder that hands everything on to another, and sees each effect; a dead worker has none.

    `eager`: whatever the agent asks for is durable before it goes on.
    """

    def __init__(self, inner: StepRecorder, effects: Effects, lifetime: Lifetime, *, eager: bool) -> None:
        self._inner = inner
        self._effects = effects
        self._lifetime = lifetime
        self._eager = eager

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not (self._eager and inspect.iscoroutinefunction(found)):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._made_durable(found(*args, **kwargs))

        return call

    async def step(self, request: StepRequest) -> Json:
        """See StepRecorder."""

        async def effect(idempotency_key: str) -> StepOutcome:
            return await self._carry_out(request, idempotency_key)

        return await self._made_durable(self._inner.step(replace(request, effect=effect)))

    async def _made_durable(self, work: Coroutine[Any, Any, Result]) -> Result:
        try:
            return await work
        finally:
            if self._eager:  # with an EagerClock what was recorded is written as soon as nobody does anything
                await pass_time(MOMENT_SECONDS)

    async def _carry_out(self, request: StepRequest, key: str) -> StepOutcome:
        if request.kind == "value":
            self._effects.begin(key)
            if key not in self._effects.values:
                self._effects.values[key] = (await request.effect(key)).result
            return StepOutcome(self._effects.values[key])
        what = f"{request.kind} {key.partition('/')[2]}"
        self._lifetime.pass_by(f"before {what}")
        self._effects.begin(key)
        outcome = await request.effect(key)
        self._lifetime.pass_by(f"after {what}")
        return outcome


class FakingContext(Context):
    """A context that calls the fake of a tool in its place."""

    def __init__(self, recorder: StepRecorder, fakes: Fakes) -> None:
        super().__init__(recorder)
        self._fakes = fakes

    async def tool(self, function: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:
        """See Context."""
        fake = self._fakes.get(options_of(function).name)
        return await super().tool(function if fake is None else _in_place_of(function, fake), *args, **kwargs)


def faked(
    agent: AgentDefinition, fakes: Fakes, effects: Effects, lifetime: Lifetime, *, eager: bool
) -> AgentDefinition:
    """Return the agent as one worker runs it."""

    async def run(ctx: Context, request: Any) -> Any:
        observer = cast(StepRecorder, Observer(ctx._recorder, effects, lifetime, eager=eager))
        return await agent.function(FakingContext(observer, fakes), request)

    return replace(agent, function=run)


def _in_place_of(tool: Callable[..., Any], fake: Callable[..., Any]) -> Callable[..., Any]:
    """Return the fake with the tool's name, options and result type. It gets the step's key if it asks for it."""
    wants_key = "idempotency_key" in inspect.signature(fake).parameters

    async def stand_in(*args: Any, idempotency_key: str, **kwargs: Any) -> Any:
        key = {"idempotency_key": idempotency_key} if wants_key else {}
        result = fake(*args, **kwargs, **key)
        return await result if inspect.isawaitable(result) else result

    stand_in.__annotations__ = {"return": get_type_hints(tool).get("return", Any)}
    return marked(stand_in, options_of(tool))
