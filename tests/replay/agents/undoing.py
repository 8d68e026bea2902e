"""An agent that takes back what it has done when it is cancelled. Never change what it does: its histories are kept."""

from pydantic import BaseModel

from functions.sdk import Cancelled, Context, agent, tool


class Trip(BaseModel):
    """Where to."""

    stops: list[str]


@tool(repeatable=False)
async def book(stop: str, idempotency_key: str) -> str:
    """Book it."""
    return f"{stop} under {idempotency_key.partition('/')[2]}"


async def give_back(booking: str) -> None:
    """Give it back."""


@agent("undoing", version="1")
async def undoing(ctx: Context, trip: Trip) -> list[str]:
    """Books each stop and waits for somebody to set out; gives everything back when it is cancelled."""
    booked: list[str] = []
    try:
        for stop in trip.stops:
            booked.append(await ctx.tool(book, stop))
            await ctx.signal("set-out", timeout=7200, otherwise=None)
    except Cancelled:
        for booking in reversed(booked):
            await ctx.tool(give_back, booking)
        raise
    return booked
