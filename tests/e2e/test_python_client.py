"""The Python client against real Regions: what a caller notices when one of them hangs in the middle of everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest

from functions.sdk.client import AntipodeClient, AsyncAntipodeClient, Conflict, JobEvent
from localstack.resolver import AsyncResolvingTransport, Resolver, ResolvingTransport
from tests.e2e.deployed import PROBE, Deployed

#: No submit may take longer, though the Region to which it went says nothing any more.
SLOWEST_SUBMIT = 3.0
#: What is longer than this was sent to a Region that hangs.
SLOW = 1.6


@pytest.fixture
def client(deployed: Deployed) -> Iterator[AntipodeClient]:
    """A client that knows both Regions' addresses, beside the name."""
    with AntipodeClient(
        str(deployed.status["api_url"]),
        deployed.token,
        regions=[deployed.cloud.region_api_url(region) for region in (deployed.first, deployed.second)],
        transport=ResolvingTransport(Resolver.of(deployed.layout)),
    ) as made:
        yield made


def test_a_caller_notices_a_region_that_hangs_as_one_slow_submit(deployed: Deployed, client: AntipodeClient) -> None:
    assert client.submit("probe", PROBE["input"]).home_region == deployed.first
    deployed.submit(deployed.second)  # its functions are started
    deployed.faults.freeze_region(deployed.first)
    try:
        times, jobs = [], []
        for _ in range(3):
            began = time.monotonic()
            jobs.append(client.submit("probe", PROBE["input"]))
            times.append(time.monotonic() - began)
    finally:
        deployed.faults.thaw_region(deployed.first)
    said = "submits took " + ", ".join(f"{each:.2f} s" for each in times)
    print(said)
    assert max(times) < SLOWEST_SUBMIT, said
    assert [each for each in times[1:] if each > SLOW] == [], said
    assert {job.home_region for job in jobs} == {deployed.second}
    assert len({job.id for job in jobs}) == 3
    assert {client.wait(job.id, 60).status for job in jobs} == {"succeeded"}


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
