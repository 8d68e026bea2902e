"""The lanes' depths are written down every few seconds, and a backlog keeps its age."""

from functions.adapters.memory import MemoryLanes, MemoryTable
from functions.adapters.memory_flow import MemoryFlow
from functions.application.ports import LaneSend
from functions.application.sample_lanes import SampleLanes
from functions.domain.lane_flow import LaneDepth
from functions.domain.lanes import LaneMessage
from functions.domain.moments import add_seconds
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST

SEND = LaneSend("batch", LaneMessage("job", 1, "submitted"), "acme")


def sampling() -> tuple[MemoryFlow, MemoryLanes, SampleLanes]:
    book, lanes = MemoryFlow(MemoryTable()), MemoryLanes()
    return book, lanes, SampleLanes(book=book, lanes=lanes, clock=VirtualClock(), region=EAST, pause_seconds=5.0)


def nobody(event: str, **fields: object) -> None:
    raise AssertionError(f"said {event} {fields}")


@in_virtual_time
async def test_a_minute_has_a_sample_every_five_seconds_and_a_backlog_keeps_its_age() -> None:
    book, lanes, sample = sampling()
    await lanes.send([SEND])
    begun = sample.clock.now()
    await sample.run(60.0, nobody)
    last = book.samples[EAST]
    assert last.at == add_seconds(begun, 55)
    assert last.lanes["batch"] == LaneDepth(1, 0, begun, begun)
    await pass_time(5)
    again = await sample.sample(None)
    assert again.lanes["batch"] == LaneDepth(1, 0, begun, begun)


@in_virtual_time
async def test_what_refuses_is_said_and_asked_again() -> None:
    book, lanes, sample = sampling()
    said: list[str] = []

    def say(event: str, **fields: object) -> None:
        said.append(event)
        lanes.refusing = False
        book.table.refusing = len(said) == 1

    lanes.refusing = True
    await sample.run(15.0, say)
    assert said == ["sample_refused", "sample_refused"]
    assert book.samples[EAST].lanes["batch"] == LaneDepth(0, 0)
