"""Cancelling in bulk: page by page, only what is unfinished and the caller's own, each job once."""

from functions.adapters.memory import MemoryHistory, MemoryProjections
from functions.application.cancel_jobs import PAGE, CancelJobs
from functions.application.request_change import RequestChange
from functions.domain.ids import session_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.turns import SESSION_AGENT
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.stories import DAY, agent_of
from tests.unit.application.two_regions import TENANT, Region, replicate, request, two_regions

SLEEPER = agent_of(lambda ctx: ctx.sleep(DAY), "sleeper")
OTHER = agent_of(lambda ctx: ctx.sleep(DAY), "other")


async def cancel(
    region: Region, agent: str | None = None, before: str | None = None, tenant: str = TENANT
) -> tuple[int, str | None]:
    history = MemoryHistory(region.table)
    change = RequestChange(
        history=history, send=region.send_arrival(), clock=region.clock, entropy=region.entropy, region=region.name
    )
    use_case = CancelJobs(history=history, projections=MemoryProjections(region.table), change=change)
    answer = await use_case.cancel(tenant, by="ann", agent=agent, before=before, reason="enough")
    count, following = answer["cancelled"], answer["next"]
    assert isinstance(count, int)
    assert following is None or isinstance(following, str)
    return count, following


async def with_jobs(count: int) -> tuple[Region, list[str]]:
    """Return a Region with so many jobs that wait, alternately of two agents, the latest last."""
    east, _ = two_regions(SLEEPER, OTHER)
    ids = []
    for number in range(count):
        asked = request(("sleeper", "other")[number % 2], input={}, idempotency_key=f"job {number}")
        ids.append(str((await east.submit_job().submit(asked))["id"]))
        await pass_time(1)
    await east.work(seconds=1.0)
    return east, ids


def asked(region: Region) -> list[str]:
    arrivals = [row.arrival for row in region.table.arrivals.values()]
    assert {each.kind for each in arrivals} <= {ArrivalKind.CANCEL}
    return sorted(each.job_id for each in arrivals)


@in_virtual_time
async def test_all_unfinished_jobs_are_asked_page_by_page_and_end() -> None:
    east, ids = await with_jobs(PAGE + 20)
    count, following = await cancel(east)
    assert count == PAGE
    assert following is not None
    assert await cancel(east, before=following) == (20, None)
    await east.work(seconds=1.0)
    assert {east.state(job).status for job in ids} == {"cancelled"}
    assert {str((east.state(job).error or {})["detail"]) for job in ids} == {"enough"}


@in_virtual_time
async def test_begun_again_it_asks_only_those_that_have_not_been_asked() -> None:
    east, ids = await with_jobs(4)
    assert await cancel(east) == (4, None)
    assert await cancel(east) == (0, None)
    await east.work(seconds=1.0)
    assert await cancel(east) == (0, None)
    assert asked(east) == sorted(ids)


@in_virtual_time
async def test_of_one_agent_or_from_before_a_moment_only_those_are_asked() -> None:
    east, ids = await with_jobs(6)
    assert await cancel(east, agent="other", before=east.state(ids[4]).job.at) == (2, None)
    assert asked(east) == sorted([ids[1], ids[3]])


@in_virtual_time
async def test_a_session_is_ended_only_where_it_is_meant() -> None:
    east, _ = two_regions(agent_of(lambda ctx: ctx.sleep(DAY), SESSION_AGENT))
    await east.submit_job().submit_session(session_job_id(TENANT, "chat"), TENANT, "chat")
    assert await cancel(east) == (0, None)
    assert await cancel(east, agent="other") == (0, None)
    assert await cancel(east, agent=SESSION_AGENT) == (1, None)


@in_virtual_time
async def test_jobs_of_the_peer_are_asked_as_well_and_those_of_another_tenant_never() -> None:
    east, ids = await with_jobs(3)
    replicate(east, east.peer)
    assert await cancel(east.peer, tenant="rival") == (0, None)
    assert await cancel(east.peer) == (3, None)
    assert asked(east) == sorted(ids)
