"""List a lane's message that came to nothing, so that somebody sees it; the job that it speaks of loses nothing by it.

A message is a hint: the sweeper finds the job without it. Listed again, after the process died, it is the same letter.
"""

from dataclasses import dataclass

from functions.application.dead_letter_ports import DeadLetters
from functions.application.ports import Clock, HistoryStore
from functions.application.read_state import read_state
from functions.domain.dead_letter import DeadLetter, LetterType
from functions.domain.job.events import UnreadableEvent
from functions.domain.lanes import LaneMessage

#: Whose list a message is on that no tenant can be told from: a token of this tenant's shows it.
OPERATOR = "operator"
#: Of a message's text so much is kept.
LONGEST_BODY = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMessage:
    """A message as its queue had it. `message` is None where nobody can read it; `tenant` where nobody said it."""

    id: str
    lane: str
    body: str
    receives: int
    tenant: str | None = None
    message: LaneMessage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuryMessage:
    """The use case."""

    history: HistoryStore
    dead_letters: DeadLetters
    clock: Clock
    region: str

    async def bury(self, dead: DeadMessage) -> None:
        """List it. Raises StateUnavailable: then it must come again."""
        tenant, agent, why = dead.tenant, None, "it cannot be read"
        if dead.message is not None:
            why = f"no worker came to an end with it in {dead.receives} deliveries"
            try:
                _, state = await read_state(self.history, dead.message.job_id)
            except UnreadableEvent as error:
                state, why = None, str(error)
            if state is not None:
                tenant, agent = state.job.tenant, state.job.agent
        await self.dead_letters.put(
            DeadLetter(
                type=LetterType.MESSAGE,
                id=dead.id,
                tenant=tenant or OPERATOR,
                at=self.clock.now(),
                region=self.region,
                code="message_unreadable" if dead.message is None else "message_undelivered",
                detail=why,
                agent=agent,
                lane=dead.lane,
                job_id=None if dead.message is None else dead.message.job_id,
                body=dead.body[:LONGEST_BODY],
                receives=dead.receives,
            )
        )
