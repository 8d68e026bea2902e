"""What a process knows of the lanes' flow: read seldom, and nothing when the table refuses."""

import asyncio
from dataclasses import dataclass, field

from functions.adapters.memory import MemoryTable
from functions.adapters.memory_flow import MemoryFlow
from functions.application.watch_flow import FRESH_SECONDS, WatchFlow
from functions.domain.lane_flow import DepthSample, RegionFlow
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, WEST


@dataclass
class SlowFlow(MemoryFlow):
    """Statistics that take a moment to read, and count how often."""

    reads: list[str] = field(default_factory=list)

    async def read(self, region: str) -> RegionFlow:
        self.reads.append(region)
        await pass_time(0.01)
        return await MemoryFlow.read(self, region)


@in_virtual_time
async def test_whoever_asks_first_asks_for_all_and_again_after_five_seconds() -> None:
    book = SlowFlow(MemoryTable())
    watch = WatchFlow(book=book, clock=VirtualClock())
    await asyncio.gather(*(watch.of(region) for region in [EAST] * 5 + [WEST] * 5))
    assert sorted(book.reads) == [EAST, WEST]
    sample = DepthSample(watch.clock.now(), {})
    await book.put_sample(EAST, sample)
    assert (await watch.of(EAST)).sample is None
    await pass_time(FRESH_SECONDS)
    assert (await watch.of(EAST)).sample == sample
    assert sorted(book.reads) == [EAST, EAST, WEST]


@in_virtual_time
async def test_of_a_table_that_refuses_nothing_is_known_and_it_is_not_asked_for_each_request() -> None:
    book = SlowFlow(MemoryTable())
    watch = WatchFlow(book=book, clock=VirtualClock())
    await book.put_sample(EAST, DepthSample(watch.clock.now(), {}))
    await watch.of(EAST)
    book.table.refusing = True
    await pass_time(FRESH_SECONDS)
    for _ in range(3):
        assert await watch.of(EAST) == RegionFlow()
    assert len(book.reads) == 2


@in_virtual_time
async def test_whoever_gives_up_waiting_does_not_take_the_answer_from_the_others() -> None:
    watch = WatchFlow(book=SlowFlow(MemoryTable()), clock=VirtualClock())
    first, second = (asyncio.create_task(watch.of(EAST)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == RegionFlow()
