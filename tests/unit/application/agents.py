"""Agents for tests of what runs agents: they do what a test tells them to, and write down every effect."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from pydantic import BaseModel

from functions.sdk import AgentDefinition, Context, agent, tool
from tests.simulation.virtual_time import pass_time
from tests.unit.application.two_regions import Region


class Nothing(BaseModel):
    """The input of an agent that needs none."""


class Answer(BaseModel):
    """What the model is asked for."""

    words: str


@dataclass(slots=True)
class Effects:
    """How often each step was really carried out, by its idempotency key."""

    done: Counter[str] = field(default_factory=Counter)

    def walker(self, steps: int, seconds: float = 0.0, *, expensive: bool = True) -> AgentDefinition:
        """Return the agent `walk`: so many steps, each made durable at once."""

        @tool(name="tread", expensive=expensive)
        async def tread(number: int, idempotency_key: str) -> str:
            self.done[idempotency_key.partition("/")[2]] += 1
            await pass_time(seconds)
            return f"trodden {number}"

        @agent("walk", version="1")
        async def walk(ctx: Context, request: Nothing) -> list[str]:
            """Walks."""
            return [await ctx.tool(tread, number) for number in range(1, steps + 1)]

        return walk

    def pair(self, first: str, second: str, seconds: float = 5.0) -> AgentDefinition:
        """Return the agent `pair`: a step that fails at once or succeeds, beside a slow one."""

        async def quick(name: str) -> str:
            self.done[name] += 1
            if name == "raises":
                raise ValueError("quick, and wrong")
            return name

        async def slow(name: str) -> str:
            await pass_time(seconds)
            self.done[name] += 1
            return name

        @agent("pair", version="1")
        async def pair(ctx: Context, request: Nothing) -> list[str]:
            """Does two things at once."""
            return list(await asyncio.gather(ctx.tool(quick, first), ctx.tool(slow, second)))

        return pair


@dataclass(slots=True)
class Diary:
    """What was really carried out, in order; and in `again` each step that was, though its end was in the history."""

    entries: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    region: Region | None = None

    async def write(self, words: str, seconds: float = 0.0, *, idempotency_key: str) -> str:
        """The tool: takes so long, and returns the words."""
        job, _, step = idempotency_key.partition("/")
        if self.region is not None and step in self.region.state(job).steps:
            self.again.append(idempotency_key)
        if seconds:
            await pass_time(seconds)
        self.entries.append(words)
        return words


@agent("ask", version="1")
async def ask(ctx: Context, request: Nothing) -> str:
    """Asks the model once."""
    answer = await ctx.model("What?", answer=Answer)
    return answer.words
