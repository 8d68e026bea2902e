"""What the histories of a session's second version are recorded from: both Regions run a turn while they are apart.

The session's history that counts is the west's, where the turn was refused; the turn's own is the east's, where it ran.
So when they meet, the session corrects what it remembers, and the turns after that hear it.
"""

from collections.abc import Sequence

from functions.agents.session_corrected import session
from functions.domain.job.history import Segment
from functions.sdk import AgentDefinition
from functions.sdk.testing.virtual_time import run_virtually
from tests.replay.conversation import segments_in
from tests.unit.application.conversations import NAME, Pair, Talk, turn_id
from tests.unit.application.fleet import Fleet
from tests.unit.application.two_regions import Region, request, two_regions


def corrected_conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    """Have it, and return the segments of the session's job and of each turn, those that count for nothing as well."""
    return run_virtually(_conversation(chat))


async def _conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    east, west = two_regions(chat, session)
    pair = Pair(Talk(), east, west, {region.name: Fleet(region) for region in (east, west)})
    pair.cut()
    await _say(pair, west, chat, "at length", seconds=30.0)
    await pair.pass_time(1.0)
    await _say(pair, east, chat, "briefly", on_busy="reject", remembers=True)
    await pair.pass_time(1.0)
    await _say(pair, west, chat, "briefly", on_busy="reject", remembers=True)
    await pair.until(lambda: all(each.state(turn_id("briefly")).finished for each in (east, west)))
    await pair.until(lambda: west.state(turn_id("at length")).finished)
    pair.mend()
    await _say(pair, west, chat, "at last")
    await pair.finish(turn_id("at length"), turn_id("at last"))
    return segments_in(west)


async def _say(
    pair: Pair,
    region: Region,
    chat: AgentDefinition,
    words: str,
    *,
    on_busy: str = "queue",
    seconds: float = 1.0,
    remembers: bool = False,
) -> None:
    said = {"words": words, "seconds": seconds, "remembers": remembers}
    turn = {"name": NAME, "on_busy": on_busy}
    await region.submit_turn().submit(request(chat.name, input=said, idempotency_key=words, session=turn))
