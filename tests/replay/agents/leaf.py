"""An agent that others call. Never change what it does: its histories are kept."""

from pydantic import BaseModel

from functions.sdk import Context, agent


class Leaf(BaseModel):
    """A number; a negative one fails."""

    number: int


async def double(number: int) -> int:
    """Double it."""
    return 2 * number


@agent("leaf", version="1")
async def leaf(ctx: Context, request: Leaf) -> int:
    """Doubles a number, after a while."""
    if request.number < 0:
        raise ValueError("a leaf has no negative number")
    await ctx.sleep(5)
    result: int = await ctx.tool(double, request.number)
    return result
