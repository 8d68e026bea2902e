"""An agent that takes every kind of step, alone and in branches. Never change what it does: its histories are kept."""

import asyncio
from datetime import timedelta

from pydantic import BaseModel

from functions.sdk import AntipodeError, Context, Retry, TryAgain, agent, tool


class Plan(BaseModel):
    """How much of everything."""

    width: int = 3
    name: str = "plan"


class Word(BaseModel):
    """What the model is asked for."""

    word: str


class Report(BaseModel):
    """What came of it all."""

    lines: list[str]


async def measure(what: str, number: int) -> int:
    """Return a number."""
    return number * len(what)


@tool(repeatable=False)
def order(what: str, idempotency_key: str) -> str:
    """Do what must not be done twice."""
    return f"ordered {what} as {idempotency_key.partition('/')[2]}"


@tool(expensive=True, retry=Retry(attempts=4, first_seconds=30.0))
async def fetch(what: str) -> str:
    """Fail at first, where the test says so."""
    raise TryAgain("nothing there yet")


def refuse(what: str) -> None:
    """Always fail."""
    raise ValueError(f"no {what}")


@agent("every-step", version="1")
async def every_step(ctx: Context, plan: Plan) -> Report:
    """Takes every kind of step."""
    lines: list[str] = []
    began = await ctx.now()
    lines.append(f"{began.year} {await ctx.random() < 1.0} {len(str(await ctx.uuid()))}")
    lines.append(await ctx.tool(order, plan.name))
    await ctx.progress({"done": 1})

    async def branch(number: int) -> int:
        first, second = await ctx.gather(ctx.tool(measure, "a", number), ctx.tool(measure, "bb", number))
        await ctx.sleep(10 * number)
        return int(first + second)

    beside = ctx.spawn(ctx.tool(fetch, plan.name))
    sums = await ctx.map(branch, range(plan.width), concurrency=2)
    lines.append(f"{sums} and {await beside}")
    try:
        await ctx.tool(refuse, plan.name)
    except AntipodeError as error:
        lines.append(f"{error.code}: {error.detail}")
    lines.append((await ctx.model(f"A word for {plan.name}?", answer=Word, system="Be brief.", name="ask")).word)
    heard, nobody = await asyncio.gather(
        ctx.signal("go", timeout=86_400), ctx.signal("never", timeout=60, otherwise="silence")
    )
    lines.append(f"{heard} {nobody}")
    decision = await ctx.approval("legal", {"may": plan.name}, timeout=86_400)
    lines.append(f"{decision.by} {decision.approved} {decision.comment}")
    await ctx.sleep_until(began + timedelta(days=300))
    children = await ctx.gather(*(ctx.call("leaf", {"number": number}, answer=int) for number in range(2)))
    failed = await ctx.call("leaf", {"number": -1}, name="failing leaf", otherwise="withered")
    lines.append(f"{children} {failed}")
    await ctx.progress({"done": 2})
    return Report(lines=lines)
