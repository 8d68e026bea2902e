"""The agent `probe`: recorded tool steps and waits of a chosen number and kind, for load, drills and smoke tests."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from functions.sdk import Context, agent


class ProbeRequest(BaseModel):
    """What to do: `steps` steps of `milliseconds` each, each returning `payload_bytes`; step `fail_at` raises.

    Then, where asked for: sleep, wait for a signal, ask a group for its approval, each at most `wait_seconds`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    steps: int = Field(ge=0, le=10_000)
    milliseconds: float = Field(ge=0, le=60_000)
    payload_bytes: int = Field(default=0, ge=0, le=90_000)
    fail_at: int | None = Field(default=None, ge=1)
    sleep_seconds: float | None = Field(default=None, ge=0, le=31_536_000)
    signal: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,64}$")
    approval_group: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,64}$")
    wait_seconds: float = Field(default=3600, gt=0, le=31_536_000)


class ProbeResult(BaseModel):
    """How many steps were done, and how many bytes they returned in all."""

    model_config = ConfigDict(frozen=True)
    steps: int
    payload_bytes: int


class ProbeFailure(Exception):
    """Raised at step `fail_at`, as asked, and where the approval is refused."""


async def probe_step(number: int, milliseconds: float, payload_bytes: int) -> str:
    """Wait and return a payload."""
    await asyncio.sleep(milliseconds / 1000)  # noqa: TID251 - waiting is what this tool is for
    return "x" * payload_bytes


@agent("probe", version="1")
async def probe(ctx: Context, request: ProbeRequest) -> ProbeResult:
    """Does a chosen number of recorded steps of a chosen length, and waits as asked."""
    total = 0
    for number in range(1, request.steps + 1):
        if number == request.fail_at:
            raise ProbeFailure(f"step {number} fails, as asked")
        total += len(await ctx.tool(probe_step, number, request.milliseconds, request.payload_bytes))
    if request.sleep_seconds is not None:
        await ctx.sleep(request.sleep_seconds)
    if request.signal is not None:
        await ctx.signal(request.signal, timeout=request.wait_seconds)
    if request.approval_group is not None:
        question = f"May this probe of {request.steps} steps end well?"
        answer = await ctx.approval(request.approval_group, question, timeout=request.wait_seconds)
        if not answer.approved:
            raise ProbeFailure(f"{answer.by} said no")
    return ProbeResult(steps=request.steps, payload_bytes=total)
