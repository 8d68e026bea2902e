"""The agents that the benchmarks run: steps that do next to nothing, so that what is left is the runtime's own."""

from typing import Any

from pydantic import BaseModel

from functions.application.agent_ports import Agent, StepOutcome, StepRecorder, StepRequest
from functions.domain.job.events import Json
from functions.sdk import Context, agent, tool
from functions.sdk.testing.virtual_time import pass_time

#: A step gives back about as much as a short answer has.
ANSWER = "a line of text, as long as the answer of a small tool is: sixty-four"


class Steps(BaseModel):
    """How many steps to do."""

    steps: int


async def look_up(number: int) -> str:
    """A tool that returns at once."""
    return ANSWER


@tool(expensive=True)
async def look_up_for_much(number: int) -> str:
    """The same, made durable at once."""
    return ANSWER


def look_up_in_a_thread(number: int) -> str:
    """The same as a plain function."""
    return ANSWER


@agent("grouped", version="1")
async def grouped(ctx: Context, request: Steps) -> int:
    """Steps one after the other, written together."""
    for number in range(request.steps):
        await ctx.tool(look_up, number)
    return request.steps


@agent("flushed", version="1")
async def flushed(ctx: Context, request: Steps) -> int:
    """Steps each of which is written before the next."""
    for number in range(request.steps):
        await ctx.tool(look_up_for_much, number)
    return request.steps


async def look_up_slowly(number: int) -> str:
    """The same, after a fifth of a second of virtual time."""
    await pass_time(0.2)
    return ANSWER


@agent("slow", version="1")
async def slow(ctx: Context, request: Steps) -> int:
    """Steps that take time."""
    for number in range(request.steps):
        await ctx.tool(look_up_slowly, number)
    return request.steps


@agent("threaded", version="1")
async def threaded(ctx: Context, request: Steps) -> int:
    """Steps whose tools are plain functions."""
    for number in range(request.steps):
        await ctx.tool(look_up_in_a_thread, number)
    return request.steps


@agent("sleeper", version="1")
async def sleeper(ctx: Context, request: Steps) -> int:
    """Waits for a minute."""
    await ctx.sleep(60)
    return 0


@agent("listener", version="1")
async def listener(ctx: Context, request: Steps) -> int:
    """Waits for a signal."""
    await ctx.signal("go", timeout=600)
    return 0


@agent("caller", version="1")
async def caller(ctx: Context, request: Steps) -> int:
    """Has another agent do the steps."""
    return int(await ctx.call("grouped", {"steps": request.steps}))


class WithoutSdk:
    """The port Agent, with steps asked for at the recorder itself: what is left is the runtime without the SDK."""

    version = "1"
    description = "Steps without the SDK."

    def __init__(self, name: str, *, expensive: bool) -> None:
        self.name = name
        self._expensive = expensive

    def check_input(self, value: Json) -> None:
        """See Agent."""

    def input_schema(self) -> dict[str, Json]:
        """See Agent."""
        return {}

    async def run(self, recorder: StepRecorder, value: Json) -> Json:
        """See Agent."""

        async def effect(idempotency_key: str) -> StepOutcome:
            return StepOutcome(ANSWER)

        asked: Any = value
        for number in range(asked["steps"]):
            request = StepRequest(
                name="look_up", kind="tool", arguments=[[number], {}], effect=effect, expensive=self._expensive
            )
            await recorder.step(request)
        done: Json = asked["steps"]
        return done


AGENTS: tuple[Agent, ...] = (
    grouped,
    flushed,
    slow,
    threaded,
    sleeper,
    listener,
    caller,
    WithoutSdk("grouped-without-sdk", expensive=False),
    WithoutSdk("flushed-without-sdk", expensive=True),
)
