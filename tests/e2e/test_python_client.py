"""The Python client against real Regions: what a caller notices when one of them hangs in the middle of everything."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from functions.sdk.client import AntipodeClient, AsyncAntipodeClient, Conflict, Job, JobEvent
from localstack.resolver import AsyncResolvingTransport, Resolver, ResolvingTransport
from tests.e2e.deployed import PROBE, Deployed

#: No submit may take longer, though the Region to which it went says nothing any more.
SLOWEST_SUBMIT = 3.0
#: What is longer than this was sent to a Region that hangs.
SLOW = 2.0


def a_client(deployed: Deployed) -> AntipodeClient:
    """A client that knows both Regions' addresses, beside the name, and has heard of no failure."""
    return AntipodeClient(
        str(deployed.status["api_url"]),
        deployed.token,
        regions=[deployed.cloud.region_api_url(region) for region in (deployed.first, deployed.second)],
        transport=ResolvingTransport(Resolver.of(deployed.layout)),
    )


def submits_while_a_region_hangs(deployed: Deployed, client: AntipodeClient) -> tuple[list[float], list[Job]]:
    """What three submits take, the first of which meets a Region that has just stopped answering."""
    times, jobs = list[float](), list[Job]()
    deployed.faults.freeze_region(deployed.first)
    try:
        for _ in range(3):
            began = time.monotonic()
            jobs.append(client.submit("probe", PROBE["input"]))
            times.append(time.monotonic() - began)
    finally:
        deployed.faults.thaw_region(deployed.first)
    return times, jobs


def test_a_caller_notices_a_region_that_hangs_as_one_slow_submit(deployed: Deployed) -> None:
    """A busy machine makes calls slow by itself: in one of three rounds nothing but the Region does."""
    measured = []
    for _ in range(3):
        with a_client(deployed) as client:
            assert client.submit("probe", PROBE["input"]).home_region == deployed.first
            deployed.submit(deployed.second)  # its functions are started
            times, jobs = submits_while_a_region_hangs(deployed, client)
            assert {job.home_region for job in jobs} == {deployed.second}
            assert len({job.id for job in jobs}) == 3
            assert {client.wait(job.id, 60).status for job in jobs} == {"succeeded"}
        measured.append(", ".join(f"{each:.2f} s" for each in times))
        if max(times) < SLOWEST_SUBMIT and max(times[1:]) < SLOW:
            return
    raise AssertionError(f"submits took {measured}")


def test_a_job_is_followed_to_its_end_by_a_task(deployed: Deployed) -> None:
    async def follow() -> list[JobEvent]:
        async with AsyncAntipodeClient(
            str(deployed.status["api_url"]),
            deployed.token,
            regions=[deployed.cloud.region_api_url(region) for region in (deployed.first, deployed.second)],
            transport=AsyncResolvingTransport(Resolver.of(deployed.layout), httpx.AsyncHTTPTransport()),
        ) as client:
            job = await client.submit("probe", {"steps": 2, "milliseconds": 10}, key="followed")
            with pytest.raises(Conflict):
                await client.submit("probe", {"steps": 3, "milliseconds": 10}, key="followed")
            return [event async for event in client.follow(job.id) if isinstance(event, JobEvent)]

    events = asyncio.run(follow())
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[-1].kind == "succeeded"
