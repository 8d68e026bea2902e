"""Keeps one session: a conversation whose turns, jobs that name it, run one at a time and in order.

A session is a job of this agent, so its order and its memory have a history, an owner and epochs like any job, and go
on in the other Region when one is lost. It never ends by itself. Its code must not change but by a new version: a
session stays on the version that it began with.
"""

from typing import Any

from pydantic import BaseModel, Field

from functions.sdk import Cancelled, Context, agent
from functions.sdk.session_desk import Asked, Ended, SessionDesk, Told, newest_entries

#: After so many mails it begins anew with what it knows, so that its history to replay stays short.
MAILS_A_ROUND = 20
#: So many turns may wait; more are refused.
LONGEST_QUEUE = 200
#: Of so many turns it knows that they have ended.
REMEMBERED_ENDS = 200
#: A running turn is looked after when nothing has been heard for so long, then twice as long, and so on.
FIRST_LOOK_SECONDS = 60.0
LONGEST_LOOK_SECONDS = 3600.0
#: A turn that this Region does not have yet is looked for after so long, then twice as long, and so on.
FIRST_SEARCH_SECONDS = 5.0
LONGEST_SEARCH_SECONDS = 300.0
IDLE_SECONDS = 30 * 86_400.0
#: After so many searches in vain the turns behind it come first.
PATIENCE = 5
#: Of the memory so much is shown with the session.
SHOWN_BYTES = 4_000


class Turn(BaseModel):
    """A turn that has not ended. `number`: the how-manieth it is. `misses`: how often it was looked for in vain."""

    id: str
    number: int
    urgent: bool = False
    misses: int = 0


class Conversation(BaseModel):
    """What a session knows: who runs, who waits in which order, whose input was offered to the running one.

    `answered`: for turns that have not ended, as far as it knows, the turn that answers for each.
    """

    name: str
    running: Turn | None = None
    queue: list[Turn] = Field(default_factory=list)
    offered: list[Turn] = Field(default_factory=list)
    ended: list[str] = Field(default_factory=list)
    answered: dict[str, str] = Field(default_factory=dict)
    memory: list[dict[str, Any]] = Field(default_factory=list)
    turns: int = 0
    silent: int = 0


@agent("session", version="1")
async def session(ctx: Context, conversation: Conversation) -> None:
    """Lets the turns of a conversation run one at a time and in order."""
    await keep(ctx, Keeper(SessionDesk(ctx), conversation))


async def keep(ctx: Context, keeper: "Keeper") -> None:
    """Heed the mail of a round, then begin anew."""
    shown: dict[str, Any] = {}
    try:
        for _ in range(MAILS_A_ROUND):
            await keeper.admit_next()
            if keeper.shown() != shown:
                shown = keeper.shown()
                await ctx.progress(shown)
            await keeper.hear(await keeper.desk.mail(keeper.seconds_to_wait()))
    except Cancelled:
        await keeper.close()
        raise
    ctx.continue_as_new(keeper.knows)


class Keeper:
    """What a session does at each mail."""

    def __init__(self, desk: SessionDesk, knows: Conversation) -> None:
        self.desk = desk
        self.knows = knows

    async def hear(self, mail: Asked | Ended | None) -> None:
        """Take a mail in, or that none has come."""
        match mail:
            case Asked():
                self.knows.silent = 0
                await self._asked(mail)
            case Ended():
                self.knows.silent = 0
                await self._ended(mail)
            case None:
                self.knows.silent += 1
                await self._look_after_running()

    async def admit_next(self) -> None:
        """Let the first in the queue run, if nobody does. Where this Region lacks it, at last let others come first."""
        while self.knows.running is None and self.knows.queue:
            turn = self.knows.queue[0]
            told = await self.desk.admit(turn.id, self.knows.memory)
            if told.end is not None:
                await self._ended(told.end)
            elif told.done:
                self.knows.running = self.knows.queue.pop(0)
                turn.misses = 0
            else:
                turn.misses += 1
                self._put_in_order()
                if self.knows.queue[0] is turn:
                    return

    async def close(self) -> None:
        """Refuse whoever waits, and end the one that runs."""
        for turn in (*self.knows.queue, *self.knows.offered):
            await self.desk.refuse(turn.id, "the session was cancelled")
        if self.knows.running is not None:
            key = self.knows.running.id
            await self.desk.interrupt(self.knows.running.id, "the session was cancelled", f"{key}.closed")

    def seconds_to_wait(self) -> float:
        """Return how long to wait for mail before looking after what may have gone wrong."""
        doubled = 2.0 ** min(self.knows.silent, 30)
        if self.knows.running is not None:
            return min(FIRST_LOOK_SECONDS * doubled, LONGEST_LOOK_SECONDS)
        if self.knows.queue:
            return min(FIRST_SEARCH_SECONDS * doubled, LONGEST_SEARCH_SECONDS)
        return IDLE_SECONDS

    def shown(self) -> dict[str, Any]:
        """Return what is shown of the session."""
        knows = self.knows
        return {
            "session": knows.name,
            "running": None if knows.running is None else knows.running.id,
            "queued": [turn.id for turn in knows.queue],
            "offered": [turn.id for turn in knows.offered],
            "turns": knows.turns,
            "memory": newest_entries(knows.memory, SHOWN_BYTES),
        }

    async def _asked(self, mail: Asked) -> None:
        knows = self.knows
        if knows.running is not None and knows.running.id == mail.turn:  # it has not got its admission
            await self._heed(await self.desk.admit(mail.turn, knows.memory))
            return
        if any(turn.id == mail.turn for turn in (*knows.queue, *knows.offered)):
            return
        if (into := knows.answered.get(mail.turn)) is not None:
            await self._heed(await self.desk.settle_merged(mail.turn, into))
            return
        busy = knows.running is not None or bool(knows.queue)
        waiting = len(knows.queue) + len(knows.offered)
        if (busy and mail.on_busy == "reject") or waiting >= LONGEST_QUEUE:
            why = f"{waiting} turns wait" if knows.running is None else f"{knows.running.id} runs, {waiting} turns wait"
            await self.desk.refuse(mail.turn, f"the session {knows.name!r} is busy: {why}")
            return
        knows.turns += 1
        await self._take_on(Turn(id=mail.turn, number=knows.turns), mail)

    async def _take_on(self, turn: Turn, mail: Asked) -> None:
        running = self.knows.running
        if running is not None and mail.on_busy == "merge" and mail.fits:
            told = await self.desk.offer(running.id, turn.id, mail.input)
            (self.knows.offered if told.done else self.knows.queue).append(turn)
            self._put_in_order()
            await self._heed(told)
            return
        turn.urgent = running is not None and mail.on_busy == "interrupt"
        self.knows.queue.append(turn)
        self._put_in_order()
        if running is not None and turn.urgent:
            await self._heed(await self.desk.interrupt(running.id, f"interrupted by {turn.id}", turn.id))

    async def _ended(self, end: Ended) -> None:
        knows = self.knows
        if end.turn not in knows.ended:
            said = [{**each, "turn": end.turn} for each in end.remembered]
            knows.memory = newest_entries([*knows.memory, *said])
            knows.ended = [*knows.ended, end.turn][-REMEMBERED_ENDS:]
        knows.queue = [turn for turn in knows.queue if turn.id != end.turn]
        knows.offered = [turn for turn in knows.offered if turn.id != end.turn]
        for turn in end.answers_for:
            await self._answered(turn, end.turn)
        if knows.running is not None and knows.running.id == end.turn:
            self._free()

    async def _answered(self, turn: str, into: str) -> None:
        """Settle a turn for which another one answers, also where the offer was lost with a Region and it waits on."""
        knows = self.knows
        waits = any(each.id == turn for each in (*knows.queue, *knows.offered))
        knows.queue = [each for each in knows.queue if each.id != turn]
        knows.offered = [each for each in knows.offered if each.id != turn]
        if turn not in knows.ended:  # it may ask again, or has yet to ask
            knows.answered = dict([*knows.answered.items(), (turn, into)][-REMEMBERED_ENDS:])
        if waits:
            await self.desk.settle_merged(turn, into)

    def _free(self) -> None:
        """Let the running turn go. Whoever was offered to it, and is not answered for, runs as a turn of its own."""
        self.knows.queue += self.knows.offered
        self.knows.running, self.knows.offered = None, []
        self._put_in_order()

    async def _look_after_running(self) -> None:
        """Its end may have been lost, or its admission, with a Region: say it again, and hear how it stands."""
        running = self.knows.running
        if running is None:
            return
        told = await self.desk.admit(running.id, self.knows.memory)
        await self._heed(told)
        if told.done or told.end is not None:
            running.misses = 0
            return
        running.misses += 1
        if running.misses >= PATIENCE:  # it is lost with its Region until that comes back
            self._free()
            self.knows.queue.append(running)
            self._put_in_order()

    async def _heed(self, told: Told) -> None:
        if told.end is not None:
            await self._ended(told.end)

    def _put_in_order(self) -> None:
        self.knows.queue.sort(key=lambda turn: (turn.misses // PATIENCE, not turn.urgent, turn.number))
