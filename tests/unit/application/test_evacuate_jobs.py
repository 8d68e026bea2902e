"""What an evacuated Region has not finished is handed over, told until the peer has begun with it, and counted."""

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.evacuate_jobs import LEARNT_SECONDS, EvacuateJobs, Tally
from functions.application.run_attempt import DRAIN_SECONDS
from functions.domain.ids import job_id
from functions.domain.job.events import AttemptStarted
from functions.domain.job.history import Segment
from functions.sdk import Context
from functions.sdk.agent import agent
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.evacuated_regions import Pair, pair_of_regions
from tests.unit.application.two_regions import (
    EAST,
    JOB,
    STALL_SECONDS,
    TENANT,
    WEST,
    Crash,
    Fuse,
    Fused,
    advance,
    replicate,
    request,
)


def evacuate_jobs(pair: Pair, fuse: Fuse | None = None, learnt_seconds: float = 0.0) -> EvacuateJobs:
    """The use case in the east, where all workers know what it was told, or do so after `learnt_seconds`."""
    east, fuse = pair.east, fuse or Fuse()
    return EvacuateJobs(
        history=Fused(MemoryHistory(east.table), fuse),
        projections=Fused(MemoryProjections(east.table), fuse),
        lanes=east.lanes,
        hands=pair.change_hands(east, pair.watch(east), fuse),
        sweep=east.sweep_jobs(fuse),
        clock=east.clock,
        region=EAST,
        stall_seconds=STALL_SECONDS,
        learnt_seconds=learnt_seconds,
    )


@agent("nap", version="1")
async def nap(ctx: Context, request: int) -> str:
    """Waits for a day."""
    await ctx.sleep(86_400)
    return "rested"


async def work_off(pair: Pair) -> None:
    for send in pair.west.waiting():
        await advance(pair.west, send.message)


@in_virtual_time
async def test_queued_delayed_and_waiting_jobs_are_all_handed_over_and_go_on_in_the_peer() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(2), nap)
    east = pair.east
    await east.submit_job().submit(request("walk", input={}, idempotency_key="queued"))
    await east.submit_job().submit(request("walk", input={}, idempotency_key="later", delay_seconds=86_400))
    await east.submit_job().submit(request("nap", input=1, idempotency_key="waits"))
    for send in east.waiting():
        if send.message.job_id == job_id(TENANT, "waits"):
            await advance(east, send.message)
    order = await pair.tell(EAST, away=True)
    evacuate = evacuate_jobs(pair)
    tally = await evacuate.evacuate(order.at, 60)
    assert tally == Tally(left=0, running=0, handing=3, handed_over=3)
    replicate(east, pair.west)
    await work_off(pair)
    assert pair.west.state(job_id(TENANT, "queued")).status == "succeeded"
    for name in ("later", "waits"):
        state = pair.west.state(job_id(TENANT, name))
        assert (state.owner_region, state.status in ("queued", "waiting")) == (WEST, True)
    replicate(pair.west, east)
    assert (await evacuate.evacuate(order.at, 60)).done
    assert (await evacuate_jobs(pair).evacuate(order.at, 60)).done
    assert effects.done == {"tread": 1, "tread#2": 1}


@in_virtual_time
async def test_a_job_at_a_worker_is_left_to_it_for_as_long_as_steps_may_run() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    started = AttemptStarted(at=pair.east.clock.now(), worker="w", reason="submitted", delivery=1)
    pair.east.put(Segment(JOB, 1, EAST, 2, (started,)))
    order = await pair.tell(EAST, away=True)
    evacuate = evacuate_jobs(pair)
    assert await evacuate.evacuate(order.at, 60) == Tally(left=1, running=1)
    await pass_time(STALL_SECONDS + 1)  # nobody keeps it alive
    assert (await evacuate.evacuate(order.at, 60)).handing == 1
    assert pair.east.state(JOB).handed_to == WEST


@in_virtual_time
async def test_a_queued_job_that_a_worker_may_have_begun_with_is_left_to_it_until_all_workers_know() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    later = await pair.east.submit_job().submit(request("walk", input={}, idempotency_key="later", delay_seconds=3600))
    order = await pair.tell(EAST, away=True)
    evacuate = evacuate_jobs(pair, learnt_seconds=LEARNT_SECONDS)
    assert await evacuate.evacuate(order.at, 60) == Tally(left=1, handing=1, handed_over=1)
    assert pair.east.state(str(later["id"])).handed_to == WEST
    await pass_time(LEARNT_SECONDS)
    assert (await evacuate.evacuate(order.at, 60)).left == 0
    assert pair.east.state(JOB).handed_to == WEST


@in_virtual_time
async def test_a_worker_that_does_not_let_go_is_overruled_after_a_while() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    order = await pair.tell(EAST, away=True)
    await pass_time(DRAIN_SECONDS + STALL_SECONDS + 1)
    started = AttemptStarted(at=pair.east.clock.now(), worker="w", reason="submitted", delivery=1)
    pair.east.put(Segment(JOB, 1, EAST, 2, (started,)))
    assert (await evacuate_jobs(pair).evacuate(order.at, 60)).handing == 1


@in_virtual_time
async def test_the_peer_is_told_again_until_it_has_begun_and_not_at_every_look() -> None:
    effects = Effects()
    pair = pair_of_regions(effects.walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    order = await pair.tell(EAST, away=True)
    evacuate = evacuate_jobs(pair)
    for _ in range(4):
        assert (await evacuate.evacuate(order.at, 60)).handing == 1
        await pass_time(5)
    assert len(pair.west.waiting()) == 1
    await pass_time(STALL_SECONDS)
    await evacuate.evacuate(order.at, 60)
    await work_off(pair)
    assert effects.done == {"tread": 1}


@in_virtual_time
async def test_a_pass_without_time_says_that_it_has_not_seen_all() -> None:
    pair = pair_of_regions(Effects().walker(1))
    await pair.east.submit_job().submit(request("walk", input={}))
    order = await pair.tell(EAST, away=True)
    tally = await evacuate_jobs(pair).evacuate(order.at, 0)
    assert (tally.whole, tally.done) == (False, False)


@in_virtual_time
async def test_wherever_the_sweeper_dies_the_job_is_handed_over_once_and_finished_once() -> None:
    for call in range(80):
        effects = Effects()
        pair = pair_of_regions(effects.walker(2))
        await pair.east.submit_job().submit(request("walk", input={}))
        order = await pair.tell(EAST, away=True)
        fuse = Fuse(at=call)
        try:
            await evacuate_jobs(pair, fuse).evacuate(order.at, 60)
        except Crash:
            await evacuate_jobs(pair).evacuate(order.at, 60)
        await work_off(pair)
        state = pair.west.state(JOB)
        assert (state.status, state.epoch) == ("succeeded", 2), fuse.burned
        assert effects.done == {"tread": 1, "tread#2": 1}, fuse.burned
        if not fuse.blown:
            return
    raise AssertionError("more calls than there can be")
