"""Redrives a tenant's dead letters at a chosen rate: `POST /v1/dead-letters/redrive` begins it.

A redrive is a job, so its pages are recorded, it goes on in the other Region when one is lost, it can be watched and
cancelled. What one worker cannot do in time, a child for each shard of the list does, side by side.
"""

from typing import Any

from pydantic import BaseModel, Field

from functions.sdk import Context, agent
from functions.sdk.redrive_desk import LETTER_SHARDS, RedriveDesk, Redriven

#: What one worker is asked to redrive a second, at most.
ONE_WORKER = 125.0
#: A page takes about so long at the rate that is asked for: between two pages the worker may yield, or be cancelled.
PAGE_SECONDS = 2.0
LARGEST_PAGE = 200
#: After so many pages it begins anew with what it knows, so that its history to replay stays short.
PAGES_A_ROUND = 100
#: Of the refused letters so many are named.
EXAMPLES = 10
YEAR_SECONDS = 31_536_000.0


class Tally(BaseModel):
    """How far it is. `refused` counts by the code of the refusal."""

    redriven: int = 0
    refused: dict[str, int] = Field(default_factory=dict)
    examples: dict[str, str] = Field(default_factory=dict)

    def add(self, done: "Redriven | Tally") -> None:
        """Count what a page, or a child, has done."""
        self.redriven += done.redriven
        for code, count in done.refused.items():
            self.refused[code] = self.refused.get(code, 0) + count
        self.examples = dict(list({**self.examples, **done.examples}.items())[:EXAMPLES])


class Plan(BaseModel):
    """What to redrive, and what of it has been done. `name` is that of the whole redrive, the same for its children."""

    name: str
    by: str
    wanted: dict[str, str] = Field(default_factory=dict)
    ids: list[str] | None = None
    rate: float = Field(gt=0)
    terms: dict[str, Any] = Field(default_factory=dict)
    shard: int | None = None
    before: str | None = None
    tally: Tally = Field(default_factory=Tally)

    def asked(self) -> dict[str, Any]:
        """Return what is the same for every page."""
        return self.model_dump(include={"name", "by", "wanted", "ids", "rate", "terms", "shard"})


@agent("redrive", version="1")
async def redrive(ctx: Context, plan: Plan) -> Tally:
    """Redrives dead letters."""
    if plan.ids is None and plan.shard is None and plan.rate > ONE_WORKER:
        return await _with_children(ctx, plan)
    desk = RedriveDesk(ctx)
    size = max(1, min(LARGEST_PAGE, int(plan.rate * PAGE_SECONDS)))
    for _ in range(PAGES_A_ROUND):
        done = await desk.page(plan.asked(), plan.before, size)
        plan.tally.add(done)
        await ctx.progress(plan.tally)
        if done.next is None:
            return plan.tally
        plan.before = done.next
    return ctx.continue_as_new(plan)


async def _with_children(ctx: Context, plan: Plan) -> Tally:
    """Have each shard of the list redriven by a job of its own, at its part of the rate."""
    rate = plan.rate / LETTER_SHARDS
    shares = [plan.model_copy(update={"shard": shard, "rate": rate}) for shard in range(LETTER_SHARDS)]
    calls = (ctx.call("redrive", share, answer=Tally, timeout=YEAR_SECONDS) for share in shares)
    for done in await ctx.gather(*calls):
        plan.tally.add(done)
    await ctx.progress(plan.tally)
    return plan.tally
