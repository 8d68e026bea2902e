"""The sentinel: it beats this Region's heart and judges the peer, minute after minute."""

import asyncio

import pytest

from functions.adapters.memory import MemoryProbe
from functions.application.watch_regions import WatchRegions
from functions.domain.moments import seconds_between
from functions.domain.ownership.verdict import Verdict
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, WEST, Log, Region, two_regions
from tests.unit.domain.job.writing import NOON


class Watching:
    """Both Regions' sentinels, started each minute, with replication of their beats; the west's verdict counts."""

    def __init__(self) -> None:
        self.east, self.west = two_regions()
        self.alive = True
        self.linked = True
        self.probe = MemoryProbe()
        self.log = Log()

    async def run(self, seconds: float) -> bool:
        """Watch for so long; say whether the west then holds the east for lost."""
        tasks = [
            asyncio.create_task(self._minutes(self.west, self.probe)),
            asyncio.create_task(self._replicate()),
        ]
        if self.alive:
            tasks.append(asyncio.create_task(self._minutes(self.east, MemoryProbe())))
        await pass_time(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self.verdict.lost

    @property
    def verdict(self) -> Verdict:
        """What the west holds of the east."""
        return self.west.table.verdicts[WEST]

    async def _minutes(self, region: Region, probe: MemoryProbe) -> None:
        while True:
            await asyncio.gather(sentinel(region, probe).run(62, self.log), pass_time(60))

    async def _replicate(self) -> None:
        while True:
            await pass_time(1)
            beat = self.east.table.beats.get(EAST)
            if self.linked and beat is not None:
                self.west.table.beats[EAST] = beat


def sentinel(region: Region, probe: MemoryProbe) -> WatchRegions:
    return WatchRegions(
        register=region.register,
        probe=probe,
        clock=region.clock,
        region=region.name,
        peer_region=region.peer.name,
        heartbeat_seconds=5.0,
        stale_seconds=20.0,
    )


@in_virtual_time
async def test_a_heart_beats_every_five_seconds_with_a_number_that_only_grows() -> None:
    east, _ = two_regions()
    beats = []
    for _ in range(3):
        running = asyncio.create_task(sentinel(east, MemoryProbe()).run(62, Log()))
        for _ in range(12):
            await pass_time(5)
            beats.append(east.table.beats[EAST].beat)
        await running
    assert beats == sorted(set(beats))
    assert seconds_between(NOON, east.table.beats[EAST].at) >= 175


@in_virtual_time
async def test_a_region_that_is_well_is_never_held_for_lost() -> None:
    assert not await Watching().run(3600)


@in_virtual_time
async def test_a_region_that_died_is_lost_within_half_a_minute_and_back_within_half_a_minute() -> None:
    watching = Watching()
    await watching.run(120)
    watching.alive = watching.probe.answer = False
    died = watching.west.clock.now()
    assert await watching.run(70)
    assert 15 <= seconds_between(died, watching.verdict.since) <= 30
    assert watching.log.count("peer_verdict_changed") >= 1
    watching.alive = watching.probe.answer = True
    returned = watching.west.clock.now()
    assert not await watching.run(70)
    assert 10 <= seconds_between(returned, watching.verdict.since) <= 30


@in_virtual_time
async def test_a_region_whose_replication_stands_still_is_not_lost_while_its_health_answers() -> None:
    watching = Watching()
    await watching.run(60)
    watching.linked = False
    assert not await watching.run(3600)


@in_virtual_time
async def test_a_region_whose_health_cannot_be_reached_is_not_lost_while_its_heart_beats() -> None:
    watching = Watching()
    watching.probe.answer = False
    assert not await watching.run(3600)


@pytest.mark.parametrize("skew", [-600.0, 600.0])
def test_clocks_that_differ_by_minutes_declare_nothing(skew: float) -> None:
    @in_virtual_time
    async def program() -> None:
        watching = Watching()
        watching.east.clock = VirtualClock(skew)
        assert not await watching.run(300)
        watching.probe.answer = False
        assert not await watching.run(600)

    program()


@in_virtual_time
async def test_a_table_that_refuses_is_said_to_the_log_and_changes_no_verdict() -> None:
    watching = Watching()
    await watching.run(60)
    watching.west.table.refusing = True
    watching.probe.answer = watching.alive = False
    await watching.run(60)
    watching.west.table.refusing = False
    assert not watching.verdict.lost
    assert watching.log.count("watch_refused") > 5
    assert await watching.run(60)


@in_virtual_time
async def test_a_sentinel_ends_with_its_minute() -> None:
    east, _ = two_regions()
    await sentinel(east, MemoryProbe()).run(62, Log())
    assert 55 <= east.clock.monotonic() <= 62
