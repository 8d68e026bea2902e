"""Both Regions at work on sessions, in virtual time: for stories about turns, from their submission to their end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from functions.agents.session_redriving import session
from functions.domain.ids import job_id, session_job_id
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.state import JobState
from functions.sdk import AgentDefinition, Cancelled, Context, agent
from tests.simulation.virtual_time import pass_time
from tests.unit.application.fleet import Fleet
from tests.unit.application.two_regions import TENANT, Region, replicate, request, two_regions

NAME = "support:42"
SESSION = session_job_id(TENANT, NAME)


class Say(BaseModel):
    """What a turn says, and how long it takes over it. `takes_in`: after that it looks for what was merged into it."""

    words: str
    seconds: float = 1.0
    takes_in: bool = False
    remembers: bool = False
    fails: bool = False


@dataclass(slots=True)
class Talk:
    """The agent `talk`, and what its turns have said: begun, come to the end of it, or been interrupted at it.

    `mended`: turns that were to fail, and fail no more.
    """

    begun: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    heard: dict[str, list[str]] = field(default_factory=dict)
    speaking: set[str] = field(default_factory=set)
    at_once: int = 0
    mended: set[str] = field(default_factory=set)

    def agent(self, version: str = "1") -> AgentDefinition:
        """Return it."""

        async def speak(words: str, seconds: float) -> str:
            self.begun.append(words)
            self.speaking.add(words)
            self.at_once = max(self.at_once, len(self.speaking))
            try:
                await pass_time(seconds)
            finally:
                self.speaking.discard(words)
            self.said.append(words)
            return words

        async def undo(words: str) -> None:
            self.undone.append(words)

        @agent("talk", version=version)
        async def talk(ctx: Context, say: Say) -> dict[str, Any]:
            """Says something."""
            self.heard[say.words] = [str(entry.content) for entry in ctx.memory()]
            try:
                await ctx.tool(speak, say.words, say.seconds)
            except Cancelled:
                await ctx.tool(undo, say.words)
                raise
            merged = await ctx.merged() if say.takes_in else []
            if say.remembers:
                await ctx.remember("user", say.words)
                await ctx.remember("assistant", f"{say.words}!")
            if say.fails and say.words not in self.mended:
                raise ValueError("lost for words")
            return {"said": say.words, "by": version, "merged": [each["words"] for each in merged]}

        return talk


@dataclass(slots=True)
class Pair:
    """Both Regions at work; what one writes, the other has soon, unless `linked` is false. A lost one does nothing."""

    talk: Talk
    east: Region
    west: Region
    fleets: dict[str, Fleet] = field(default_factory=dict)
    linked: bool = True
    waits: float = 0.5

    @classmethod
    def at_work(cls, talk: Talk | None = None, *agents: AgentDefinition) -> "Pair":
        """Return a pair with the agents `talk` and `session`, and these."""
        talk = talk or Talk()
        east, west = two_regions(talk.agent(), session, *agents)
        pair = cls(talk, east, west)
        pair.fleets = {region.name: Fleet(region) for region in (east, west)}
        return pair

    async def submit(self, region: Region, words: str, on_busy: str = "queue", name: str = NAME, **fields: Any) -> str:
        """Submit a turn, and return its id."""
        known = {name: fields.pop(name) for name in ("delay_seconds", "deadline", "tenant") if name in fields}
        asked = request(
            "talk",
            input={"words": words, **fields},
            idempotency_key=words,
            session={"name": name, "on_busy": on_busy},
            **known,
        )
        view = await region.submit_turn().submit(asked)
        assert view["status"] == "queued"
        return str(view["id"])

    async def cancel(self, job: str) -> None:
        """Ask that a job end."""
        sends = self.here.send_arrival()
        await sends.send(job, self.state(job), ArrivalKind.CANCEL, "c1", by="ann", body="no more")

    async def until(self, happened: Callable[[], bool], most: float = 3600.0) -> None:
        """Go on until it has happened."""
        latest = self.now + most
        while not happened():
            assert self.now < latest, self.progress()
            await self.pass_time(self.waits)

    async def finish(self, *turns: str) -> None:
        """Go on until these turns have ended, and their session has heard of it."""
        await self.until(lambda: all(self.state(turn).finished for turn in turns))
        await self.until(lambda: self.shown()["running"] is None and not self.shown()["queued"])

    async def pass_time(self, seconds: float) -> None:
        """Go on for so long, in short steps."""
        latest = self.now + seconds
        while self.now < latest - 1e-6:
            step = min(self.waits, latest - self.now)
            if self.fleets:
                await asyncio.gather(*(fleet.pass_time(step) for fleet in self.fleets.values()))
            else:
                await pass_time(step)
            if self.linked:
                self.replicate()

    def cut(self) -> None:
        """Neither Region reaches the other any more; both live."""
        self.linked = False
        for region in (self.east, self.west):
            others = Region(region.peer.name, region.agents)
            others.peer, others.table.refusing, others.lanes.refusing = region, True, True
            region.peer = others

    def mend(self) -> None:
        """They reach each other again."""
        self.east.peer, self.west.peer = self.west, self.east
        self.linked = True
        self.replicate()

    def homes(self, turns: list[str]) -> list[tuple[Region, str]]:
        """Return each turn with the Region that has it, the first one's being the east."""
        return list(zip((self.east, self.west), turns, strict=True))

    def replicate(self) -> None:
        """Bring each Region what the other has written."""
        replicate(self.east, self.west)
        replicate(self.west, self.east)

    def lose(self, region: Region) -> None:
        """The Region is gone, with what it has not replicated."""
        self.fleets.pop(region.name).kill_workers()
        region.table.refusing = region.lanes.refusing = True
        self.linked = False

    def bring_back(self, region: Region) -> None:
        """The Region is there again, with all that it had."""
        region.table.refusing = region.lanes.refusing = False
        region.waiting()
        self.fleets[region.name] = Fleet(region)
        self.linked = True
        self.replicate()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.east.clock.monotonic()

    @property
    def here(self) -> Region:
        """A Region that is not lost."""
        return self.west if self.east.table.refusing or self.fleets.keys() == {self.west.name} else self.east

    def state(self, job: str) -> JobState:
        """Return a job's state."""
        return self.here.state(job)

    def shown(self, name: str = NAME, tenant: str = TENANT) -> dict[str, Json]:
        """Return what the session shows of itself."""
        shown = self.state(session_job_id(tenant, name)).progress
        return shown if isinstance(shown, dict) else {"running": None, "queued": ["?"]}

    def memory(self, name: str = NAME) -> list[tuple[str, Json]]:
        """Return what is shown of the session's memory."""
        memory = self.shown(name)["memory"]
        assert isinstance(memory, list)
        return [(str(each["role"]), each["content"]) for each in memory if isinstance(each, dict)]

    def progress(self) -> str:
        """Say how everything stands."""
        jobs = {row.segment.job_id for row in self.here.table.segments.values()}
        return "\n".join(f"{job} {self.state(job).status} {self.state(job).progress}" for job in sorted(jobs))


def turn_id(words: str) -> str:
    """Return the id of the turn that says so."""
    return job_id(TENANT, words)
