"""What the agent `session` does with the turns of its session: read its mail, and tell turns what is decided of them.

Of use to that agent alone: the names under which all this goes are refused to everybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.application.agent_ports import EndRequest, TellRequest, WaitRequest
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.conversation import newest_entries
from functions.domain.job.events import Json
from functions.domain.job.redrive import call_name
from functions.domain.job.turns import ADMIT, INTERRUPT, MAIL, MERGE, MERGED, REFUSE, redrives_in
from functions.sdk.context import Context

__all__ = ["Asked", "Ended", "SessionDesk", "Told", "newest_entries"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn asks to run. `input` is there when it may be merged into the running one.

    `redrives`: how often it has been redriven.
    """

    turn: str
    on_busy: str
    input: Json = None
    fits: bool = False
    redrives: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn has ended. `merged` are the turns whose inputs it has taken in, and answers for if it succeeded.

    `place`: where that end lies in the turn's history, for it may have another one there that counts. `redrives`: how
    often the turn had been redriven when it came to that end.
    """

    turn: str
    status: str
    remembered: tuple[dict[str, Json], ...]
    merged: tuple[str, ...]
    place: str | None = None
    redrives: int = 0

    @property
    def answers_for(self) -> tuple[str, ...]:
        """The turns that need not run because this one did."""
        return self.merged if self.status == "succeeded" else ()


@dataclass(frozen=True, slots=True)
class Told:
    """What telling a turn came to: whether it was, and its end if it has one; nothing if it is not known here (yet)."""

    done: bool
    end: Ended | None


class SessionDesk:
    """The mail of one session, in and out. `redrives`: how often turns had been redriven when they asked last."""

    def __init__(self, ctx: Context, redrives: Mapping[str, int] | None = None) -> None:
        self._recorder = ctx.recorder
        self.redrives: Mapping[str, int] = redrives or {}

    async def mail(self, seconds: float) -> Asked | Ended | None:
        """Return the next mail, or None when none comes for so long."""
        request = WaitRequest(
            name="mail",
            kind="mail",
            arguments=None,
            settle=_settle,
            seconds=seconds,
            arrives=ArrivalKind.SIGNAL,
            topic=MAIL,
        )
        return _read(await self._recorder.wait(request))

    async def admit(self, turn: str, memory: list[dict[str, Json]]) -> Told:
        """Let a turn run."""
        return await self._tell("admit", turn, ADMIT, {"memory": list(newest_entries(memory))}, self._recorder.job_id)

    async def refuse(self, turn: str, why: str) -> Told:
        """Have a turn fail because the session is busy."""
        return await self._tell("refuse", turn, REFUSE, why, self._recorder.job_id)

    async def settle_merged(self, turn: str, into: str) -> Told:
        """Have a turn succeed without running, because another one answers for it."""
        return await self._tell("settle", turn, MERGED, {"merged_into": into}, self._recorder.job_id)

    async def offer(self, turn: str, other: str, its_input: Json) -> Told:
        """Hand the input of another turn to the running one."""
        return await self._tell("offer", turn, MERGE, {"turn": other, "input": its_input}, other)

    async def interrupt(self, turn: str, why: str, key: str) -> Told:
        """Ask that a running turn end."""
        name = call_name(key, self.redrives.get(turn, 0))
        request = TellRequest(
            name="interrupt", job_id=turn, kind=ArrivalKind.CANCEL, topic=INTERRUPT, body=why, key=name
        )
        return _told(await self._recorder.tell(request))

    async def end_that_counts(self, turn: str, places: tuple[str, ...]) -> tuple[Ended | None, bool]:
        """Return how a turn has ended, of which ends at several places were told, and whether that is settled."""
        answer = await self._recorder.end_that_counts(EndRequest(name="counts", job_id=turn, places=places))
        assert isinstance(answer, dict)
        end = answer.get("end")
        return _ended(end) if isinstance(end, dict) else None, answer["settled"] is True

    async def _tell(self, name: str, turn: str, topic: str, body: Json, key: str) -> Told:
        """Tell a turn something; after a redrive by another name, for what it has heard it does not hear again."""
        redrives = self.redrives.get(turn, 0)
        request = TellRequest(name=name, job_id=turn, topic=topic, body=body, key=call_name(key, redrives))
        told = _told(await self._recorder.tell(request))
        if told.end is not None and told.end.redrives < redrives:
            return Told(False, None)  # that it has been redriven has not come to this Region yet
        return told


def _settle(arrival: Arrival | None) -> Json:
    """A turn's result is none of the session's business, and may be large."""
    if arrival is None or not isinstance(arrival.body, dict):
        return None
    return {name: value for name, value in arrival.body.items() if name not in ("result", "error")}


def _read(mail: Json) -> Asked | Ended | None:
    if not isinstance(mail, dict):
        return None
    if mail["kind"] == "asked":
        asked = Asked(str(mail["turn"]), str(mail["on_busy"]), mail.get("input"), "input" in mail)
        return replace(asked, redrives=redrives_in(mail))
    return _ended(mail)


def _ended(mail: dict[str, Json]) -> Ended:
    remembered, merged = mail["remembered"], mail["merged"]
    assert isinstance(remembered, list)
    assert isinstance(merged, list)
    entries = tuple(each for each in remembered if isinstance(each, dict))
    place = mail.get("place")
    at = None if place is None else str(place)
    return Ended(str(mail["turn"]), str(mail["status"]), entries, tuple(map(str, merged)), at, redrives_in(mail))


def _told(answer: Json) -> Told:
    assert isinstance(answer, dict)
    end = answer.get("end")
    return Told(answer["told"] is True, _ended(end) if isinstance(end, dict) else None)
