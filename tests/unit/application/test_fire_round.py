"""Who fires a schedule: the Region in which it was set while that begins jobs, else its peer."""

from dataclasses import replace

import pytest

from functions.adapters.memory_standings import MemoryStandings
from functions.application.fire_round import PAUSE_SECONDS
from functions.application.lease_ports import RegionFenced
from functions.domain.ownership.standing import Order, Phase, Progress
from functions.domain.ownership.verdict import Heartbeat, Verdict
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.scheduled_regions import Scheduled, scheduled
from tests.unit.application.two_regions import EAST, WEST, Log, Region
from tests.unit.domain.job.writing import NOON, at

GONE = Progress(region=EAST, phase=Phase.EVACUATED, since=NOON, answers=NOON)


class Fenced:
    """The port Fence of a Region that may begin nothing."""

    apart = False

    async def may_start_steps(self) -> bool:
        """See Fence."""
        return False

    async def check(self) -> None:
        """See Fence."""
        raise RegionFenced("it may not")


async def tell(world: Scheduled, *, away: bool, phase: Phase | None) -> list[MemoryStandings]:
    """Return what both replicas hold of the east: that it was told to go or to return, and its own account."""
    both = [MemoryStandings(region.table) for region in (world.east, world.west)]
    for standings in both:
        await standings.put_order(Order(subject=EAST, region=WEST, away=away, at=NOON, by="ann"))
        if phase is not None:
            await standings.put_progress(replace(GONE, phase=phase))
    return both


async def fired_by(world: Scheduled, region: Region, standings: MemoryStandings) -> tuple[list[str], Log]:
    """Return which moments a Region fires in its first minute, with what it knows of the Regions."""
    log, keeping = Log(), world.keeping(region)
    await replace(keeping, firing=replace(keeping.firing, standings=standings)).run(62, log)
    return list(world.jobs(region)), log


@pytest.mark.parametrize(
    ("away", "phase", "works"),
    [
        (True, None, False),
        (True, Phase.EVACUATING, False),
        (True, Phase.EVACUATED, False),
        (False, Phase.RETURNING, False),
        (False, Phase.ACTIVE, True),
    ],
)
def test_a_region_that_begins_nothing_fires_nothing_and_its_peer_does(
    away: bool, phase: Phase | None, works: bool
) -> None:
    @in_virtual_time
    async def program() -> None:
        world = scheduled()
        await world.set(world.east)
        east, _ = await tell(world, away=away, phase=phase)
        own, said = await fired_by(world, world.east, east)
        assert (own, bool(said.count("fires_nothing"))) == ([at(60)] * works, not works)

    @in_virtual_time
    async def of_peer() -> None:
        world = scheduled()
        await world.set(world.east)
        _, west = await tell(world, away=away, phase=phase)
        by_peer, _ = await fired_by(world, world.west, west)
        assert by_peer == [at(60)] * (not works)

    program()
    of_peer()


@in_virtual_time
async def test_the_last_region_that_works_fires_whatever_it_was_told() -> None:
    world = scheduled()
    await world.set(world.east)
    east, _ = await tell(world, away=True, phase=Phase.EVACUATED)
    await world.east.register.put_verdict(Verdict(EAST, WEST, True, NOON))
    own, _ = await fired_by(world, world.east, east)
    assert own == [at(60)]


@in_virtual_time
async def test_a_fenced_region_fires_nothing_until_it_has_its_lease() -> None:
    world = scheduled()
    await world.set(world.east)
    log = Log()
    await world.keeping(world.east, Fenced()).run(62, log)
    assert (world.jobs(world.east), log.count("fires_nothing") >= 62 // PAUSE_SECONDS) == ({}, True)
    await world.keeping(world.east).run(1, log)
    assert list(world.jobs(world.east)) == [at(60)]


@pytest.mark.parametrize("fenced", [True, False])
def test_a_region_fires_for_a_peer_that_says_it_is_fenced(fenced: bool) -> None:
    @in_virtual_time
    async def program() -> None:
        world = scheduled()
        await world.set(world.east)
        await world.west.register.beat(Heartbeat(EAST, NOON, 7, fenced))
        await world.keeping(world.west).run(62, Log())
        assert len(world.jobs(world.west)) == int(fenced)

    program()


@in_virtual_time
async def test_a_fire_that_both_carry_out_as_one_leaves_and_the_other_does_not_know_yet_is_one_job() -> None:
    world = scheduled()
    await world.set(world.east)
    await pass_time(60)
    assert await world.fire(world.east) == 1
    assert await world.fire(world.west, for_peer=True) == 1  # the east's marker is still on its way
    world.link()
    assert list(world.jobs(world.east)) == list(world.jobs(world.west)) == [at(60)]
    assert await world.fire(world.east) == await world.fire(world.west, for_peer=True) == 0
