"""An agent that does all that an agent can do: it waits, branches, calls others, fails, begins anew, and can be undone.

What it does is its input, so that a seed can have it do anything. Its result holds the end of each step of the winning
history, once; a job that is cancelled undoes what it has done. Which that is may differ between two histories, so the
steps that undo are named after their places, else one key stood for undoing two of them (seed 9879).
"""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from functions.domain.errors import AntipodeError
from functions.sdk import Cancelled, Context, Retry, TryAgain, agent, tool
from tests.simulation.effects import EFFECTS, carry_out
from tests.simulation.work import Answer, leap, tread

PATIENT_SECONDS = 1.5


class Turn(StrEnum):
    """What a leg of a journey is."""

    TREAD = "tread"
    LEAP = "leap"
    STUMBLE = "stumble"
    DAWDLE = "dawdle"
    FALL = "fall"
    ASK = "ask"
    DICE = "dice"
    SLEEP = "sleep"
    SIGNAL = "signal"
    APPROVAL = "approval"
    GATHER = "gather"
    MAP = "map"
    CALL = "call"
    ANEW = "anew"


class Leg(BaseModel):
    """One thing to do. `place` tells it from all others of its job. `seconds`: how long it takes, or may take.

    `times`: how often it fails before it succeeds. `rash`: its failure ends the job. `apart`: it is on a branch.
    """

    turn: Turn
    place: str
    seconds: float = 0.0
    name: str = ""
    times: int = 0
    rash: bool = False
    apart: bool = False
    parts: list[list["Leg"]] = Field(default_factory=list)


class Journey(BaseModel):
    """Legs, and what came of those before a beginning anew. `given`: of what its caller did before, the last."""

    legs: list[Leg]
    words: list[Any] = Field(default_factory=list)
    done: list[str] = Field(default_factory=list)
    given: str = ""


@tool(retry=Retry(attempts=4, first_seconds=0.5, most_seconds=8.0))
async def stumble(place: str, times: int, idempotency_key: str) -> str:
    """Fail so often, in a way that trying again mends."""
    result = await carry_out(place, 0.2, idempotency_key)
    if EFFECTS.get().times(idempotency_key) <= times:
        raise TryAgain("not yet")
    return result


@tool(timeout=PATIENT_SECONDS, retry=Retry(attempts=3, first_seconds=0.5))
async def dawdle(place: str, times: int, idempotency_key: str) -> str:
    """Take longer than is waited for, so often."""
    late = EFFECTS.get().times(idempotency_key) < times
    return await carry_out(place, 2 * PATIENT_SECONDS if late else 0.2, idempotency_key)


async def fall(place: str, idempotency_key: str) -> str:
    """Fail for good."""
    await carry_out(place, 0.1, idempotency_key)
    raise ValueError("fallen")


async def undo(place: str, idempotency_key: str) -> str:
    """Undo what was done at a place."""
    return await carry_out(f"undo {place}", 0.3, idempotency_key)


@agent("journey", version="1")
async def journey(ctx: Context, request: Journey) -> list[Any]:
    """Does what it is told to, and undoes it when it is cancelled."""
    traveller = _Traveller(ctx, list(request.done))
    words = list(request.words)
    try:
        for number, leg in enumerate(request.legs, 1):
            if leg.turn is Turn.ANEW:
                ctx.continue_as_new(Journey(legs=request.legs[number:], words=words, done=sorted(traveller.done)))
            words += await traveller.go(leg)
    except Cancelled:
        for place in sorted(traveller.done):
            await ctx.step(name=f"undo-{place}").tool(undo, place)
        raise
    return words


class _Traveller:
    """One run of the agent, and what it has done so far."""

    def __init__(self, ctx: Context, done: list[str]) -> None:
        self.ctx = ctx
        self.done = done
        self.last = ""

    async def go(self, leg: Leg) -> list[Any]:
        """Do one leg, and return what came of it: a word for each step."""
        match leg.turn:
            case Turn.GATHER:
                return _flat(await self.ctx.gather(*(self._go_all(part) for part in leg.parts)))
            case Turn.MAP:
                return _flat(await self.ctx.map(self._go_all, leg.parts, concurrency=2))
            case _:
                return [await self._end_of(leg)]

    async def _go_all(self, legs: list[Leg]) -> list[Any]:
        return _flat([await self.go(leg) for leg in legs])

    async def _end_of(self, leg: Leg) -> Any:
        try:
            return await self._step(leg)
        except AntipodeError as error:
            if leg.rash:
                raise
            return f"failed {error.code}"

    async def _step(self, leg: Leg) -> Any:
        ctx = self.ctx
        match leg.turn:
            case Turn.TREAD:
                return await self._do(leg, tread, leg.seconds)
            case Turn.LEAP:
                return await self._do(leg, leap, leg.seconds)
            case Turn.STUMBLE:
                return await self._do(leg, stumble, leg.times)
            case Turn.DAWDLE:
                return await self._do(leg, dawdle, leg.times)
            case Turn.FALL:
                return await self._do(leg, fall)
            case Turn.ASK:
                return (await ctx.model("where to?", answer=Answer, name=f"ask-{leg.place}")).words
            case Turn.DICE:
                return str(await ctx.uuid())
            case Turn.SLEEP:
                return await ctx.sleep(leg.seconds)
            case Turn.SIGNAL:
                return await ctx.signal(leg.name, timeout=leg.seconds)
            case Turn.APPROVAL:
                return (await ctx.approval(leg.name, leg.place, timeout=leg.seconds)).by
            case Turn.CALL:
                return await ctx.call("journey", Journey(legs=leg.parts[0], given=self.last), timeout=leg.seconds)
            case _:
                raise AssertionError(f"{leg.turn} is no step")

    async def _do(self, leg: Leg, function: Any, *arguments: object) -> Any:
        result = await self.ctx.tool(function, leg.place, *arguments)
        self.done.append(leg.place)
        if not leg.apart:
            self.last = str(result)
        return result


def _flat(lists: list[list[Any]]) -> list[Any]:
    return [word for words in lists for word in words]
