"""The agent `probe`: recorded tool steps of a chosen number, length and size, for load, drills and smoke tests."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from functions.sdk import Context, agent


class ProbeRequest(BaseModel):
    """What to do: `steps` steps of `milliseconds` each, each returning `payload_bytes`; step `fail_at` raises."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    steps: int = Field(ge=0, le=10_000)
    milliseconds: float = Field(ge=0, le=60_000)
    payload_bytes: int = Field(default=0, ge=0, le=90_000)
    fail_at: int | None = Field(default=None, ge=1)


class ProbeResult(BaseModel):
    """How many steps were done, and how many bytes they returned in all."""

    model_config = ConfigDict(frozen=True)
    steps: int
    payload_bytes: int


class ProbeFailure(Exception):
    """Raised at step `fail_at`, as asked."""


async def probe_step(number: int, milliseconds: float, payload_bytes: int) -> str:
    """Wait and return a payload."""
    await asyncio.sleep(milliseconds / 1000)  # noqa: TID251 - waiting is what this tool is for
    return "x" * payload_bytes


@agent("probe", version="1")
async def probe(ctx: Context, request: ProbeRequest) -> ProbeResult:
    """Does a chosen number of recorded steps of a chosen length."""
    total = 0
    for number in range(1, request.steps + 1):
        if number == request.fail_at:
            raise ProbeFailure(f"step {number} fails, as asked")
        total += len(await ctx.tool(probe_step, number, request.milliseconds, request.payload_bytes))
    return ProbeResult(steps=request.steps, payload_bytes=total)
