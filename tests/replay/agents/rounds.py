"""An agent that begins anew again and again. Never change what it does: its histories are kept."""

from pydantic import BaseModel

from functions.sdk import Context, agent


class Count(BaseModel):
    """How many rounds are left, and what they have found so far."""

    left: int
    found: list[str] = []


async def look(number: int) -> str:
    """Find something."""
    return f"found {number}"


@agent("rounds", version="1")
async def rounds(ctx: Context, count: Count) -> list[str]:
    """Finds something in each round, and sleeps between them."""
    found = [*count.found, *(await ctx.gather(*(ctx.tool(look, count.left) for _ in range(2))))]
    await ctx.sleep(3600)
    if count.left > 1:
        ctx.continue_as_new(Count(left=count.left - 1, found=found))
    return found
