"""What the histories of a session's third version are recorded from: a turn that was refused is redriven, and runs."""

from collections.abc import Sequence

from functions.agents.session_redriving import session
from functions.application.redrive_job import RedriveRequest
from functions.domain.job.history import Segment
from functions.sdk import AgentDefinition
from functions.sdk.testing.virtual_time import run_virtually
from tests.replay.conversation import NAME, segments_in
from tests.unit.application.conversations import turn_id
from tests.unit.application.fleet import Fleet
from tests.unit.application.two_regions import TENANT, Region, request, two_regions


def redriven_conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    """Have it, and return the segments of the session's job and of each turn."""
    return run_virtually(_conversation(chat))


async def _conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    east, _ = two_regions(chat, session)
    fleet = Fleet(east)
    await _say(east, chat, "at length", "queue", seconds=9.0)
    await fleet.pass_time(1.0)
    await _say(east, chat, "now or never", "reject")
    await fleet.pass_time(2.0)
    await _say(east, chat, "whenever", "queue")
    await fleet.pass_time(1.0)
    refused = await east.redrive_job().redrive(TENANT, [turn_id("now or never")], RedriveRequest(name="r1", by="ann"))
    assert refused == {}
    await fleet.pass_time(20.0)
    await _say(east, chat, "at last", "queue")
    await fleet.pass_time(20.0)
    assert east.state(turn_id("now or never")).status == "succeeded"
    return segments_in(east)


async def _say(region: Region, chat: AgentDefinition, words: str, on_busy: str, *, seconds: float = 1.0) -> None:
    said = {"words": words, "seconds": seconds, "remembers": True}
    turn = {"name": NAME, "on_busy": on_busy}
    await region.submit_turn().submit(request(chat.name, input=said, idempotency_key=words, session=turn))
