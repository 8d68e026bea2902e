"""How far a client has read a job's events, and what it is to be told when a Region reads another history than it did.

Sequence numbers go on across epochs: an adopter continues from the last event that it could read, so events beyond that
one have numbers that are used again. A cursor therefore names the branches that were read, not only a number. Where it
lies on a branch that was left, the client goes back to the last event that both histories have.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from functions.domain.job.state import JobState, Place, Recorded

#: A cursor names the newest branches only. One that has to go back further begins anew, which is safe.
MOST_PLACES = 12
_PLACE = re.compile(r"([1-9][0-9]{0,8})\.([a-z0-9-]{1,32})\.([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that was read in each epoch which the client came through, oldest first; empty at the start."""

    places: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return "~".join(f"{each.epoch}.{each.region}.{each.sequence}" for each in self.places) or "0"


#: What a client says of itself: a cursor, or the bare number of an event, whichever Region wrote that one.
Mark: TypeAlias = Cursor | int


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows for a client from its mark: it has read the winning history up to `after`.

    `rewound`: what it has read beyond that was superseded. `behind`: this replica lacks what it has read, so far.
    """

    after: int
    rewound: bool = False
    behind: bool = False


def read_mark(text: str) -> Mark:
    """Read a mark as clients send it. Raises ValueError."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    found = [_PLACE.fullmatch(part) for part in text.split("~")]
    places = tuple(Place(int(each[1]), each[2], int(each[3])) for each in found if each is not None)
    in_order = all(a.epoch < b.epoch and a.sequence < b.sequence for a, b in itertools.pairwise(places))
    if len(places) != len(found) or len(places) > MOST_PLACES or not in_order:
        raise ValueError("neither a sequence number nor what `next` said")
    return Cursor(places)


def needs_whole(state: JobState, mark: Mark) -> bool:
    """Whether `state`, read from a snapshot on, cannot tell what follows for this client."""
    before = state.history[0].sequence - 1 if state.history else state.last_sequence
    if before == 0:
        return False
    if isinstance(mark, int):
        return mark < before
    if not mark.places:
        return True
    return mark.places[-1] != state.last and all(_place(each) != mark.places[-1] for each in state.history)


def stand(state: JobState, mark: Mark) -> Standing:
    """Say where a client stands in a state that does not need the whole history for that."""
    if isinstance(mark, int):
        return Standing(mark, behind=mark > state.last_sequence)
    if not mark.places:
        return Standing(0)
    newest, head = mark.places[-1], state.last
    if newest == head:
        return Standing(newest.sequence)
    read = {(each.epoch, each.region): each.sequence for each in mark.places}
    held = {(each.epoch, each.region): each.sequence for each in path(state.history)}
    if held.get((newest.epoch, newest.region), 0) >= newest.sequence:
        return Standing(newest.sequence)
    if newest.epoch > head.epoch or (newest.epoch, newest.region) == (head.epoch, head.region):
        return Standing(newest.sequence, behind=True)
    shared = [min(read[branch], held[branch]) for branch in read if branch in held]
    return Standing(max(shared, default=0), rewound=True)


def cursor_after(state: JobState, mark: Mark, sequence: int) -> Cursor:
    """Return the cursor of a client that stood at `mark` and has now read the winning history up to `sequence`."""
    here = path(item for item in state.history if item.sequence <= sequence)
    if not here and sequence == state.last_sequence:
        here = (state.last,)
    known = mark.places if isinstance(mark, Cursor) else ()
    older = tuple(each for each in known if not here or each.epoch < here[0].epoch)
    return Cursor((*older, *here)[-MOST_PLACES:])


def path(events: Iterable[Recorded]) -> tuple[Place, ...]:
    """Return the last event of each branch that these events, in the order of a history, come through."""
    last: dict[tuple[int, str], Place] = {(each.epoch, each.region): _place(each) for each in events}
    return tuple(last.values())


def page(state: JobState, after: int, limit: int) -> Sequence[Recorded]:
    """Return the events of the winning history with a sequence above `after`, `limit` at most."""
    return [item for item in state.history if item.sequence > after][:limit]


def _place(event: Recorded) -> Place:
    return Place(event.epoch, event.region, event.sequence)
