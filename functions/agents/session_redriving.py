"""The session's third version: it also takes a turn on again that had failed and was redriven, behind all that wait.

A redriven turn asks anew, and each mail of it says how often it had been redriven by then, so that none of an earlier
time is taken for one of now. When it has ended again, its session goes by that end, as by one that counts in another's
stead (decision 35). A file of its own, for sessions that began with an earlier version go on with it.
"""

from dataclasses import replace

from pydantic import Field

from functions.agents.session import REMEMBERED_ENDS, Keeper, Turn, keep
from functions.agents.session_corrected import CorrectedConversation, CorrectingKeeper
from functions.sdk import Context, agent
from functions.sdk.session_desk import Asked, Ended, SessionDesk

#: Of so many redriven turns it knows how often they were: of those whose ends it knows, and of all that may wait.
REMEMBERED_REDRIVES = 2 * REMEMBERED_ENDS


class RedrivingConversation(CorrectedConversation):
    """What such a session knows besides.

    `redrives`: how often each turn had been redriven when it asked last. `ended_after`: the same of the end gone by.
    """

    redrives: dict[str, int] = Field(default_factory=dict)
    ended_after: dict[str, int] = Field(default_factory=dict)


@agent("session", version="3")
async def session(ctx: Context, conversation: RedrivingConversation) -> None:
    """Lets the turns of a conversation run one at a time and in order."""
    await keep(ctx, RedrivingKeeper(SessionDesk(ctx), conversation))


class RedrivingKeeper(CorrectingKeeper):
    """What such a session does at each mail."""

    knows: RedrivingConversation

    def __init__(self, desk: SessionDesk, knows: RedrivingConversation) -> None:
        super().__init__(desk, knows)
        desk.redrives = knows.redrives

    async def _asked(self, mail: Asked) -> None:
        known = self.knows.redrives.get(mail.turn, 0)
        if mail.redrives < known:
            return  # it was late: the turn has been redriven since
        if mail.redrives > known:  # whatever it was at before is over
            self._note_redrives(mail.turn, mail.redrives)
            self._leave_out(mail.turn)
        await super()._asked(mail)

    async def _take_on(self, turn: Turn, mail: Asked) -> None:
        """As ever, but a turn that was redriven is offered nothing: it answers for itself alone."""
        running = self.knows.running
        alone = running is not None and running.id in self.knows.redrives
        await super()._take_on(turn, replace(mail, fits=False) if alone else mail)

    async def _ended(self, end: Ended) -> None:
        knows = self.knows
        if end.redrives < knows.redrives.get(end.turn, 0):
            return  # it has been redriven since, and waits or runs
        if end.redrives:
            self._note_redrives(end.turn, end.redrives)
        before = knows.ended_after.get(end.turn, 0)
        again = end.turn in knows.ended and end.redrives > before
        if again:
            knows.unsettled.pop(end.turn, None)
            await Keeper._ended(self, end)
            await self._correct(end, [])
        else:
            await super()._ended(end)
        if end.redrives > before:
            knows.ended_after = {
                turn: number
                for turn, number in {**knows.ended_after, end.turn: end.redrives}.items()
                if turn in knows.ended
            }

    def _leave_out(self, turn: str) -> None:
        """Forget that a turn waits or runs."""
        knows = self.knows
        knows.queue = [each for each in knows.queue if each.id != turn]
        knows.offered = [each for each in knows.offered if each.id != turn]
        if knows.running is not None and knows.running.id == turn:
            self._free()

    def _note_redrives(self, turn: str, redrives: int) -> None:
        known = {each: number for each, number in self.knows.redrives.items() if each != turn}
        self.knows.redrives = dict([*known.items(), (turn, redrives)][-REMEMBERED_REDRIVES:])
        self.desk.redrives = self.knows.redrives
