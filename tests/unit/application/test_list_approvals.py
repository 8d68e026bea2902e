"""Approvals are listed while they are open, each once, page by page, to their own tenant and group."""

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.list_approvals import ListApprovals
from functions.domain.job.approvals import approval_id
from functions.domain.job.events import Json
from functions.domain.moments import add_seconds
from functions.sdk import Context
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.stories import DAY, begun, cancelled, decided
from tests.unit.application.two_regions import JOB, TENANT, Region, advance, replicate


async def page(
    region: Region, group: str = "legal", after: str | None = None, limit: int = 50, tenant: str = TENANT
) -> tuple[list[Json], str | None]:
    use_case = ListApprovals(
        history=MemoryHistory(region.table), projections=MemoryProjections(region.table), clock=region.clock
    )
    answer = await use_case.list(tenant, group, after, limit)
    found, following = answer["approvals"], answer["next"]
    assert isinstance(found, list)
    assert following is None or isinstance(following, str)
    return found, following


async def ids(region: Region, group: str = "legal", tenant: str = TENANT) -> list[str]:
    found, _ = await page(region, group, tenant=tenant)
    return [str(each["id"]) for each in found if isinstance(each, dict)]


async def ask_many(ctx: Context) -> object:
    questions = [f"licence {number}" for number in range(7)]
    answers = await ctx.map(lambda question: ctx.approval("legal", question, timeout=DAY), questions)
    return [answer.approved for answer in answers]


def copied(east: Region) -> Region:
    """Bring all that there is to the peer, what is asked included, and return it."""
    replicate(east, east.peer)
    east.peer.table.asks.update(east.table.asks)
    return east.peer


async def advance_what_waits(region: Region) -> None:
    """Do once what the hints on the lanes ask for."""
    for send in region.waiting():
        await advance(region, send.message)


@in_virtual_time
async def test_what_is_asked_is_listed_in_both_regions_with_all_that_a_decision_needs() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", {"licence": "GPL"}, timeout=DAY))
    asked_at = east.clock.now()
    await fleet.rest()
    for region in (east, copied(east)):
        found, following = await page(region)
        assert found == [
            {
                "id": approval_id(JOB, "approval"),
                "job": JOB,
                "agent": "work",
                "group": "legal",
                "question": {"licence": "GPL"},
                "asked_at": asked_at,
                "deadline": add_seconds(asked_at, DAY),
            }
        ]
        assert following is None


@in_virtual_time
async def test_pages_give_everything_that_one_job_asks_at_one_moment_once() -> None:
    east, fleet = await begun(ask_many)
    await fleet.rest()
    seen: list[Json] = []
    after: str | None = None
    while True:
        found, after = await page(east, after=after, limit=3)
        seen += found
        if after is None:
            break
    questions = [each["question"] for each in seen if isinstance(each, dict)]
    assert sorted(map(str, questions)) == [f"licence {number}" for number in range(7)]
    assert len({str(each["id"]) for each in seen if isinstance(each, dict)}) == 7


@in_virtual_time
async def test_what_is_decided_is_listed_no_longer_even_before_its_job_has_heard_of_it() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=DAY))
    await fleet.rest()
    copied(east)
    await decided(east.peer, "approval", True, "ann")
    assert (await ids(east), await ids(east.peer)) == ([], [])


@in_virtual_time
async def test_what_is_asked_by_a_job_that_has_ended_or_after_its_deadline_is_not_listed() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=DAY))
    await fleet.rest()
    listed = dict(east.table.asks)
    await cancelled(east)
    await fleet.finish()
    east.table.asks.update(listed)  # as when the worker died before it took the entry off
    assert await ids(east) == []


@in_virtual_time
async def test_an_entry_of_a_wait_that_is_over_in_time_only_is_not_listed() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=60))
    await fleet.rest()
    fleet.sweeping = False
    fleet.lose_hints()
    assert len(await ids(east)) == 1
    await fleet.pass_time(61)
    assert await ids(east) == []


@in_virtual_time
async def test_what_both_regions_have_listed_of_one_job_is_shown_once() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=DAY))
    await fleet.rest()
    west = copied(east)
    await west.adopt_jobs().adopt([JOB])
    await advance_what_waits(west)
    assert len(west.table.asks) == 2
    assert await ids(west) == [approval_id(JOB, "approval")]


@in_virtual_time
async def test_what_a_lost_region_has_listed_too_late_is_listed_by_the_one_that_takes_the_job_over() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=DAY))
    await fleet.rest()
    replicate(east, east.peer)
    west = east.peer
    assert await ids(west) == []
    await west.adopt_jobs().adopt([JOB])
    await advance_what_waits(west)
    assert await ids(west) == [approval_id(JOB, "approval")]


@in_virtual_time
async def test_nobody_sees_what_another_tenant_or_another_group_is_asked() -> None:
    east, fleet = await begun(lambda ctx: ctx.approval("legal", "?", timeout=DAY))
    await fleet.rest()
    assert await ids(east, tenant="rival") == []
    assert await ids(east, group="finance") == []
