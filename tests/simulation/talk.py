"""The agent whose jobs are turns of a session: it says something, takes in what is merged into it, and remembers."""

from typing import Any

from pydantic import BaseModel

from functions.sdk import Cancelled, Context, agent
from tests.simulation.effects import carry_out

#: The one session of a run that has any.
SESSION = "talk"


class Say(BaseModel):
    """What a turn says, and how long it takes over it. `takes_in`: after that it looks for what was merged into it."""

    words: str
    seconds: float = 1.0
    takes_in: bool = False
    remembers: bool = False
    fails: bool = False


async def speak(words: str, seconds: float, idempotency_key: str) -> str:
    """Say it."""
    return await carry_out(f"say {words}", seconds, idempotency_key)


async def unsay(words: str, idempotency_key: str) -> str:
    """Take it back."""
    return await carry_out(f"unsay {words}", 0.3, idempotency_key)


@agent("say", version="1")
async def say(ctx: Context, wanted: Say) -> dict[str, Any]:
    """Says something."""
    try:
        await ctx.tool(speak, wanted.words, wanted.seconds)
    except Cancelled:
        await ctx.tool(unsay, wanted.words)
        raise
    merged = await ctx.merged() if wanted.takes_in else []
    if wanted.remembers:
        await ctx.remember("user", wanted.words)
        await ctx.remember("assistant", f"{wanted.words}!")
    if wanted.fails:
        raise ValueError("lost for words")
    return {"said": wanted.words, "merged": [each["words"] for each in merged]}
