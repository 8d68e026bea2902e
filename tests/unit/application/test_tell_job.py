"""Jobs that tell each other something: once, within their tenant, whoever dies."""

import itertools

from functions.domain.ids import job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.sdk import Context, agent
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.agents import Nothing
from tests.unit.application.conversations import Pair
from tests.unit.application.fleet import Deadly
from tests.unit.application.two_regions import TENANT, request

LISTENER = job_id(TENANT, "listener")


@agent("listen", version="1")
async def listen(ctx: Context, asked: Nothing) -> list[str]:
    """Hears two signals."""
    return [await ctx.signal("go", timeout=3600, answer=str) for _ in range(2)]


@agent("tell", version="1")
async def tell(ctx: Context, asked: Nothing) -> list[bool]:
    """Sends three: to one that has ended after two of them, to nobody, to itself."""
    told = [await ctx.tell(LISTENER, "go", "one"), await ctx.tell(LISTENER, "go", "two")]
    await ctx.sleep(120)
    told.append(await ctx.tell(LISTENER, "go", "three"))
    told.append(await ctx.tell("job_" + "a" * 32, "go"))
    return told


async def story(at: int) -> bool:
    pair = Pair.at_work(None, listen, tell)
    fuse = Deadly(at=at)
    for fleet in pair.fleets.values():
        fleet.fuse = fuse
    await pair.west.submit_turn().submit(request("listen", input={}, idempotency_key="listener"))
    await pair.pass_time(1.0)
    view = await pair.east.submit_turn().submit(request("tell", input={}, idempotency_key="teller"))
    teller = str(view["id"])
    await pair.until(lambda: pair.state(teller).finished)
    assert pair.state(teller).result == [True, True, False, False], fuse.burned[-1]
    assert pair.state(LISTENER).result == ["one", "two"], fuse.burned[-1]
    signals = {row.arrival.key for row in pair.east.table.arrivals.values() if row.arrival.kind == ArrivalKind.SIGNAL}
    assert len(signals) == 2, fuse.burned[-1]
    return fuse.blown


def test_wherever_a_worker_dies_each_signal_is_sent_once_and_its_answer_is_kept() -> None:
    for at in itertools.count(step=3):
        if not run_virtually(story(at)):
            break
    assert at > 40


@in_virtual_time
async def test_a_job_of_another_tenant_is_as_good_as_none() -> None:
    pair = Pair.at_work(None, listen, tell)
    await pair.west.submit_turn().submit(request("listen", input={}, idempotency_key="listener"))
    view = await pair.east.submit_turn().submit(request("tell", input={}, idempotency_key="teller", tenant="umbrella"))
    await pair.until(lambda: pair.state(str(view["id"])).finished)
    assert pair.state(str(view["id"])).result == [False] * 4
    assert not pair.east.table.arrivals
