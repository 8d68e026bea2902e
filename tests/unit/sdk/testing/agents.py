"""Agents for tests of what authors test their agents with."""

from pydantic import BaseModel

from functions.sdk import Approval, Cancelled, Context, Retry, TryAgain, agent, tool
from functions.sdk.testing import pass_time


class Order(BaseModel):
    """The input of all of them."""

    item: str = "pen"
    number: int = 1


class Opinion(BaseModel):
    """What the model is asked for."""

    good: bool


class Receipt(BaseModel):
    """What a payment returns."""

    item: str
    key: str


async def look_up(order: Order) -> int:
    """Take a while and return the price."""
    await pass_time(5)
    return 3 * order.number


@tool(name="pay", repeatable=False)
def pay_for_real(order: Order, price: int, idempotency_key: str) -> Receipt:
    """Never do this in a test."""
    raise AssertionError("a test paid for real")


def pay_in_test(order: Order, price: int, idempotency_key: str) -> Receipt:
    """Pay in a test."""
    return Receipt(item=f"{order.item} for {price}", key=idempotency_key.partition("/")[2])


@agent("buy", version="1")
async def buy(ctx: Context, order: Order) -> Receipt:
    """Looks up a price and pays."""
    price = await ctx.tool(look_up, order)
    await ctx.progress("found")
    receipt: Receipt = await ctx.tool(pay_for_real, order, price)
    return receipt


@agent("wait", version="1")
async def wait(ctx: Context, order: Order) -> list[object]:
    """Waits for everything that there is to wait for."""
    await ctx.sleep(365 * 86_400)
    first = await ctx.signal("go", timeout=3600, otherwise="nobody")
    second = await ctx.signal("go", timeout=3600, otherwise="nobody")
    decision: Approval = await ctx.approval("legal", {"item": order.item}, timeout=86_400, otherwise=False)
    return [first, second, decision.approved, decision.by, decision.comment]


@agent("judge", version="1")
async def judge(ctx: Context, order: Order) -> list[bool]:
    """Asks the model as often as the order says."""
    return [(await ctx.model(f"{order.item} {place}?", answer=Opinion)).good for place in range(order.number)]


@agent("double", version="1")
async def double(ctx: Context, order: Order) -> int:
    """Returns twice the number, after a while."""
    await ctx.sleep(order.number)
    return 2 * order.number


@agent("spread", version="1")
async def spread(ctx: Context, order: Order) -> list[int]:
    """Has others do the work."""

    async def one(number: int) -> int:
        result: int = await ctx.call("double", Order(number=number), answer=int)
        return result

    return await ctx.map(one, range(1, order.number + 1), concurrency=2)


@agent("undo", version="1")
async def undo(ctx: Context, order: Order) -> str:
    """Takes something back when it is cancelled."""
    await ctx.tool(take, order.item)
    try:
        await ctx.sleep(86_400)
    except Cancelled:
        await ctx.tool(give_back, order.item)
        raise
    return "kept"


async def take(item: str) -> str:
    """Take it."""
    return f"took {item}"


async def give_back(item: str) -> str:
    """Give it back."""
    return f"gave back {item}"


@agent("count-down", version="1")
async def count_down(ctx: Context, order: Order) -> str:
    """Begins anew until nothing is left."""
    await ctx.tool(take, order.item)
    if order.number > 1:
        ctx.continue_as_new(Order(item=order.item, number=order.number - 1))
    return "done"


@tool(retry=Retry(attempts=3, first_seconds=60))
async def flaky(order: Order) -> str:
    """Fail as often as the fake says."""
    raise TryAgain("not yet")


@agent("insist", version="1")
async def insist(ctx: Context, order: Order) -> str:
    """Tries again."""
    result: str = await ctx.tool(flaky, order)
    return result
