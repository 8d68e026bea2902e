"""A turn of a session that uses all that a turn has: what came before it, what is merged into it, what it adds."""

from typing import Any

from pydantic import BaseModel

from functions.sdk import Cancelled, Context, agent
from functions.sdk.testing.virtual_time import pass_time


class Remark(BaseModel):
    """What is said, and how long that takes."""

    words: str
    seconds: float = 1.0
    remembers: bool = False


async def say(words: str, seconds: float) -> str:
    """Say it."""
    await pass_time(seconds)
    return words.upper()


async def take_back(words: str) -> None:
    """Undo it."""


@agent("chat", version="1")
async def chat(ctx: Context, remark: Remark) -> dict[str, Any]:
    """Says something, with regard to what was said before."""
    heard = [entry.content for entry in ctx.memory(max_tokens=1000) if entry.role == "user"]
    try:
        said = await ctx.tool(say, remark.words, remark.seconds)
    except Cancelled:
        await ctx.tool(take_back, remark.words)
        raise
    merged = await ctx.merged(answer=Remark)
    if remark.remembers:
        await ctx.remember("user", remark.words)
        await ctx.remember("assistant", said)
    return {"said": said, "heard": heard, "merged": [each.words for each in merged]}
