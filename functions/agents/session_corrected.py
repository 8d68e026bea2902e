"""The session's second version: it also hears which end counts of a turn that both Regions have run to an end.

While neither Region reaches the other, both may run a turn, and its session be told of the end that turns out not to
count. This version asks, when it is told of a second end, and corrects what it remembers. A file of its own, for the
first version stays as it is: sessions that began with it go on with it.
"""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from functions.agents.session import (
    FIRST_SEARCH_SECONDS,
    LONGEST_SEARCH_SECONDS,
    Conversation,
    Keeper,
    keep,
)
from functions.sdk import Context, agent
from functions.sdk.session_desk import Asked, Ended, SessionDesk, newest_entries

#: After so many looks in vain, a quarter of an hour, what can be read of a turn is taken for all there is.
LOOKS = 8
#: So many of the newest corrections are shown.
SHOWN_CORRECTIONS = 10


class TakenEnd(BaseModel):
    """The end of a turn that the session goes by. `place`: where it lies in the turn's history."""

    status: str
    place: str | None
    answers_for: list[str] = Field(default_factory=list)


class Unsettled(BaseModel):
    """A turn with several ends. `places`: where they lie. `looks`: how often which of them counts could not be seen.

    `answers_for`: the turns that need not run if one or the other of them counts.
    """

    places: list[str]
    answers_for: list[str]
    looks: int = 0


class Correction(BaseModel):
    """Which end of a turn counts. `heard_by`: the turns that came after it and had heard the other one's words.

    `answered_for`: those for which only the other one answers. `also_in`: a turn that answers for this one, which has
    run all the same.
    """

    turn: str
    counts: TakenEnd
    instead_of: TakenEnd | None = None
    heard_by: list[str] = Field(default_factory=list)
    answered_for: list[str] = Field(default_factory=list)
    also_in: str | None = None


class CorrectedConversation(Conversation):
    """What such a session knows besides: the ends it goes by, those that are open, and what it has corrected."""

    ends: dict[str, TakenEnd] = Field(default_factory=dict)
    unsettled: dict[str, Unsettled] = Field(default_factory=dict)
    corrections: list[Correction] = Field(default_factory=list)


@agent("session", version="2")
async def session(ctx: Context, conversation: CorrectedConversation) -> None:
    """Lets the turns of a conversation run one at a time and in order."""
    await keep(ctx, CorrectingKeeper(SessionDesk(ctx), conversation))


class CorrectingKeeper(Keeper):
    """What such a session does at each mail."""

    knows: CorrectedConversation

    async def hear(self, mail: Asked | Ended | None) -> None:
        """Take a mail in, or that none has come; then look which of several ends count."""
        if mail is not None or super().seconds_to_wait() <= self.seconds_to_wait():
            await super().hear(mail)
        for turn, unsettled in list(self.knows.unsettled.items()):
            end, settled = await self.desk.end_that_counts(turn, tuple(unsettled.places))
            if not settled and mail is None:
                unsettled.looks += 1
            if settled or unsettled.looks >= LOOKS:
                del self.knows.unsettled[turn]
                if end is not None:
                    await self._correct(end, unsettled.answers_for)

    def seconds_to_wait(self) -> float:
        """Return how long to wait for mail before looking after what may have gone wrong."""
        looks = (each.looks for each in self.knows.unsettled.values())
        soon = (min(FIRST_SEARCH_SECONDS * 2.0**each, LONGEST_SEARCH_SECONDS) for each in looks)
        return min((super().seconds_to_wait(), *soon))

    def shown(self) -> dict[str, Any]:
        """Return what is shown of the session."""
        shown = super().shown()
        if self.knows.unsettled:
            shown["unsettled"] = list(self.knows.unsettled)
        if self.knows.corrections:
            shown["corrections"] = [each.model_dump() for each in self.knows.corrections]
        return shown

    async def _ended(self, end: Ended) -> None:
        knows = self.knows
        if end.turn not in knows.ended:
            into = knows.answered.get(end.turn)
            await super()._ended(end)
            self._go_by(end)
            self._note_twice(end.turn, into)
            return
        taken = knows.ends.get(end.turn)
        if taken is None or taken.place is None or end.place in (None, taken.place):
            await super()._ended(end)
            return
        await super()._ended(replace(end, merged=()))  # whom it answers for, if it counts, is seen to then
        known = knows.unsettled.get(end.turn)
        places = {taken.place, str(end.place), *(known.places if known else ())}
        answers_for = {*taken.answers_for, *end.answers_for, *(known.answers_for if known else ())}
        knows.unsettled[end.turn] = Unsettled(places=sorted(places), answers_for=sorted(answers_for))

    async def _answered(self, turn: str, into: str) -> None:
        await super()._answered(turn, into)
        if turn in self.knows.ended:
            self._note_twice(turn, into)

    def _note_twice(self, turn: str, into: str | None) -> None:
        """Note when a turn has spoken for itself, in one Region, and another one has answered for it in the other."""
        taken = self.knows.ends.get(turn)
        if into is not None and taken is not None and any(each["turn"] == turn for each in self.knows.memory):
            self._note(Correction(turn=turn, counts=taken, also_in=into))

    def _note(self, correction: Correction) -> None:
        if correction not in self.knows.corrections:
            self.knows.corrections = [*self.knows.corrections, correction][-SHOWN_CORRECTIONS:]

    def _go_by(self, end: Ended) -> None:
        ends = {**self.knows.ends, end.turn: _taken(end)}
        self.knows.ends = {turn: ends[turn] for turn in self.knows.ended if turn in ends}

    async def _correct(self, end: Ended, answered_for: list[str]) -> None:
        """Go by this end of a turn, whatever was taken for its end before, and whomever that was told to answer for."""
        knows = self.knows
        before = knows.ends.get(end.turn)
        if before is None:
            return  # it is long ago
        self._go_by(end)
        said = [{**each, "turn": end.turn} for each in end.remembered]
        heard = [each for each in knows.memory if each["turn"] == end.turn]
        left = [turn for turn in answered_for if turn not in end.answers_for]
        if end.status == before.status and said == heard and not left:
            return
        after = [] if said == heard else self._after(end.turn)
        self._note(Correction(turn=end.turn, counts=_taken(end), instead_of=before, heard_by=after, answered_for=left))
        knows.memory = newest_entries(self._with(end.turn, said))
        knows.answered = {turn: by for turn, by in knows.answered.items() if by != end.turn or turn in end.answers_for}
        for turn in end.answers_for:
            await self._answered(turn, end.turn)

    def _after(self, turn: str) -> list[str]:
        """Return the turns that came after one, and may have heard what was remembered of it."""
        later = self.knows.ended[self.knows.ended.index(turn) + 1 :]
        speakers = {str(each["turn"]) for each in self.knows.memory}
        ran = [each for each in later if each in speakers]
        return ran if self.knows.running is None else [*ran, self.knows.running.id]

    def _with(self, turn: str, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the memory with this as what a turn has said, in the place of what it had said, or in its turn."""
        memory, ended = self.knows.memory, self.knows.ended
        earlier = {*ended[: ended.index(turn)]}
        rest = [each for each in memory if each["turn"] != turn]
        heard = [place for place, each in enumerate(memory) if each["turn"] == turn]
        spoke = [place for place, each in enumerate(rest) if each["turn"] in earlier]
        place = heard[0] if heard else max(spoke, default=-1) + 1
        return [*rest[:place], *said, *rest[place:]]


def _taken(end: Ended) -> TakenEnd:
    return TakenEnd(status=end.status, place=end.place, answers_for=list(end.answers_for))
