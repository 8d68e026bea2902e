"""Whatever two Regions may have written of one job, for laws that hold of every history: a hypothesis strategy.

Each Region writes after what it sees, which is any part of what there is: as with replication that keeps no order.
"""

from collections.abc import Callable

from hypothesis import strategies as st

from functions.domain.job.events import Event
from functions.domain.job.history import Segment
from tests.simulation import oracle
from tests.unit.domain.job.writing import (
    EAST,
    WEST,
    adopted,
    segment,
    started,
    step,
    submitted,
    succeeded,
    withdrawn,
)

Written = dict[tuple[int, str, int], Segment]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Segment, ...]:
    """Return the segments of a job that was submitted once or twice, run, and adopted back and forth."""
    written: Written = {}

    def write(item: Segment) -> None:
        written.setdefault((item.epoch, item.region, item.place), item)

    for region in draw(st.sampled_from([(EAST,), (WEST,), (EAST, WEST)])):
        write(segment(1, region, 1, submitted(draw(st.integers(0, 2)))))
        if draw(st.integers(0, 4)) == 0:
            write(segment(1, region, 2, withdrawn()))
    for number in range(draw(st.integers(0, 9))):
        if draw(st.booleans()):
            _go_on(draw, written, number, write)
        else:
            _adopt(draw, written, number, write)
    return tuple(written.values())


def _go_on(draw: st.DrawFn, written: Written, number: int, write: Callable[[Segment], None]) -> None:
    """Somebody appends to an epoch."""
    epoch, region = draw(st.sampled_from(sorted({place[:2] for place in written})))
    last = max(item.last_sequence for place, item in written.items() if place[:2] == (epoch, region))
    events: list[list[Event]] = [[started(number)], [step(f"s{number}", f"{epoch} {region} {number}")]]
    chosen = [event for group in events for event in group if draw(st.booleans())]
    if draw(st.integers(0, 5)) == 0:
        chosen.append(succeeded(f"{epoch} {region} {number}"))
    if chosen:
        write(segment(epoch, region, last + 1, *chosen))


def _adopt(draw: st.DrawFn, written: Written, number: int, write: Callable[[Segment], None]) -> None:
    """A Region that sees a part of it all opens a new epoch."""
    seen = [item for item in written.values() if draw(st.integers(0, 3)) > 0]
    reading = oracle.read(seen)
    if reading is None:
        return
    region = str(draw(st.sampled_from([EAST, WEST])))
    (epoch, origin, sequence), _ = reading.events[-1]
    newest = max(item.epoch for item in seen)
    write(segment(newest + 1, region, sequence + 1, adopted(epoch, origin, sequence, number)))


def parts_of(written: tuple[Segment, ...]) -> st.SearchStrategy[list[Segment]]:
    """Return what a replica may hold of it, in any order."""
    return st.lists(st.sampled_from(written), unique_by=lambda item: (item.epoch, item.region, item.place))
