"""What the histories of a session are recorded from: turns by every policy, in one Region, in virtual time."""

from collections.abc import Sequence

from functions.agents.session import session
from functions.domain.job.history import Segment
from functions.sdk import AgentDefinition
from functions.sdk.testing.virtual_time import run_virtually
from tests.unit.application.fleet import Fleet
from tests.unit.application.two_regions import Region, request, two_regions

NAME = "support:42"
#: When, in seconds, which words are said, with which policy, for how long, and whether the turn says what to remember.
REMARKS = (
    (0.0, "hello", "queue", 4.0, False),
    (1.0, "and then", "merge", 1.0, False),
    (2.0, "now or never", "reject", 1.0, False),
    (3.0, "what next", "queue", 9.0, True),
    (9.0, "listen", "interrupt", 1.0, True),
    (9.5, "too late to be merged", "merge", 1.0, False),
    (30.0, "good bye", "queue", 1.0, True),
)
ALL_SAID_SECONDS = 60.0


def conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    """Have it, and return the segments of the session's job and of each turn."""
    return run_virtually(_conversation(chat))


async def _conversation(chat: AgentDefinition) -> dict[str, Sequence[Segment]]:
    east, _ = two_regions(chat, session)
    fleet = Fleet(east)
    for at, words, on_busy, seconds, remembers in REMARKS:
        await fleet.pass_time(at - fleet.now)
        said = {"words": words, "seconds": seconds, "remembers": remembers}
        turn = {"name": NAME, "on_busy": on_busy}
        await east.submit_turn().submit(request(chat.name, input=said, idempotency_key=words, session=turn))
    await fleet.pass_time(ALL_SAID_SECONDS - fleet.now)
    return segments_in(east)


def segments_in(region: Region) -> dict[str, Sequence[Segment]]:
    """Return the segments of every job that a replica holds."""
    jobs: dict[str, list[Segment]] = {}
    for _, row in sorted(region.table.segments.items()):
        jobs.setdefault(row.segment.job_id, []).append(row.segment)
    return {job: tuple(segments) for job, segments in jobs.items()}
