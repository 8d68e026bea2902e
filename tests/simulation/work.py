"""The work of which the simulation knows every turn: an agent on the real SDK that has effects, one after the other.

Each effect returns something that no other execution of it returns, so a mix of two executions shows in the result.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pydantic import BaseModel

from functions.application.agent_ports import Agent
from functions.application.ports import ModelAnswer, ModelRequest, ModelUnavailable
from functions.sdk import Context, agent, tool
from tests.simulation.effects import EFFECTS, carry_out
from tests.simulation.machine import current_process
from tests.simulation.virtual_time import pass_time


class Walk(BaseModel):
    """What a job does: so many steps of so many seconds, some of them two at once, with a question to the model."""

    steps: int
    seconds: float
    repeatable: bool = True
    together: bool = False
    ask: bool = False


class Answer(BaseModel):
    """What the model is asked for."""

    words: str


async def tread(place: str, seconds: float, idempotency_key: str) -> str:
    """Have an effect that may be repeated."""
    return await carry_out(place, seconds, idempotency_key)


@tool(repeatable=False, expensive=True)
async def leap(place: str, seconds: float, idempotency_key: str) -> str:
    """Have an effect that does harm when it is repeated."""
    return await carry_out(place, seconds, idempotency_key)


@agent("walk", version="1")
async def walk(ctx: Context, request: Walk) -> list[str]:
    """Has effects, one after the other."""
    results: list[str] = []
    for number in range(1, request.steps + 1):
        step = tread if request.repeatable or number % 2 else leap
        if request.together and number == 2:
            pair = (ctx.tool(tread, f"{number}{branch}", request.seconds) for branch in "ab")
            results += await asyncio.gather(*pair)
        else:
            results.append(await ctx.tool(step, str(number), request.seconds))
    if request.ask:
        results.append((await ctx.model("where to?", answer=Answer)).words)
    return results


@dataclass(frozen=True, slots=True)
class Agents:
    """The port Agents: these agents, each in one version."""

    agents: tuple[Agent, ...]

    def names(self) -> Sequence[str]:
        """See Agents."""
        return [each.name for each in self.agents]

    def versions(self, name: str) -> Sequence[str]:
        """See Agents."""
        return [each.version for each in self.agents if each.name == name]

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """See Agents."""
        return next((each for each in self.agents if each.name == name and version in (None, each.version)), None)


@dataclass(slots=True)
class FitfulModel:
    """The port Model: sometimes it does not answer. Asking it is an effect like any other."""

    random: Random
    unavailable: float

    async def converse(self, request: ModelRequest) -> ModelAnswer:
        """See Model."""
        process = current_process()
        await pass_time(self.random.uniform(0.1, 1.0))
        await process.machinery.gate()
        process.check()
        if self.random.random() < self.unavailable:
            raise ModelUnavailable("throttled, as the seed has it")
        key = request.idempotency_key.rpartition("/")[0]
        words = EFFECTS.get().note(key.partition("/")[2], key)
        return ModelAnswer(json.dumps({"words": words}), 10, 5)
