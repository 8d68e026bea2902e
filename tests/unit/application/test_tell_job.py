"""Jobs that tell each other something: once, within their tenant, whoever dies."""

import itertools

import pytest

from functions.adapters.memory import MemoryHistory
from functions.application.agent_ports import EndRequest
from functions.application.tell_job import TellJob
from functions.domain.ids import job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import JobAdmitted, Json
from functions.domain.job.history import Segment
from functions.domain.job.state import fold
from functions.sdk import Context, agent
from tests.in_depth import every
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.agents import Nothing
from tests.unit.application.conversations import Pair
from tests.unit.application.fleet import Deadly
from tests.unit.application.two_regions import EAST, TENANT, WEST, request, two_regions
from tests.unit.domain.job.writing import NOON, adopted, started, succeeded
from tests.unit.domain.job.writing import submitted as submission

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
    for at in itertools.count(step=3 * every(3)):
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


SESSION_TURN: dict[str, Json] = {"name": "s", "on_busy": "queue"}
TURN_HERE, TURN_THERE = f"1.{EAST}.4", f"2.{WEST}.5"


def of_turn(turn: str) -> dict[str, Segment]:
    """Return the segments of a turn that both Regions have run to its end."""

    def admitted_at(region: str) -> JobAdmitted:
        return JobAdmitted(at=NOON, arrival=f"signal/session.admit/{region}", memory=[])

    job = submission(session=SESSION_TURN, input="hello")
    begun = Segment(turn, 1, EAST, 1, (job, admitted_at(EAST)))
    here = Segment(turn, 1, EAST, 3, (started(), succeeded("hi", 3)))
    there = Segment(turn, 2, WEST, 3, (adopted(1, EAST, 2), started(), succeeded("hello", 3)))
    return {"begun": begun, "here": here, "there": there}


@pytest.mark.parametrize(
    ("replicated", "settled", "words"),
    [
        (("begun",), False, None),
        (("begun", "here"), False, "hi"),
        (("begun", "there"), False, "hello"),
        (("begun", "here", "there"), True, "hello"),
    ],
)
@in_virtual_time
async def test_which_end_of_a_turn_counts_is_settled_once_all_that_were_told_can_be_read(
    replicated: tuple[str, ...], settled: bool, words: str | None
) -> None:
    east, _ = two_regions(listen)
    segments = of_turn(LISTENER)
    east.put(*(segments[name] for name in replicated))
    teller = TellJob(send=east.send_arrival(), history=MemoryHistory(east.table))
    session = fold([Segment("job_s", 1, EAST, 1, (submission(),))])
    assert session is not None
    asked = EndRequest(name="counts", job_id=LISTENER, places=(TURN_HERE, TURN_THERE))
    answer = await teller.end_that_counts(session, asked)
    assert answer["settled"] is settled
    end = answer.get("end")
    if words is None:
        assert end is None
        return
    assert isinstance(end, dict)
    assert end["remembered"] == [{"role": "user", "content": "hello"}, {"role": "assistant", "content": words}]
    assert "result" not in end
    stranger = fold([Segment("job_s", 1, EAST, 1, (submission(tenant="umbrella"),))])
    assert stranger is not None
    assert await teller.end_that_counts(stranger, asked) == {"settled": False}
