"""Turns that come as they like: stories by chance, with dying workers, lost hints, a slow link and a lost Region."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from tests.in_depth import some_of
from tests.simulation.virtual_time import in_virtual_time, run_virtually
from tests.unit.application.conversations import NAME, SESSION, Pair
from tests.unit.application.test_enlist_turn import both_see_the_same
from tests.unit.application.two_regions import Region, request

POLICIES = ("queue", "queue", "reject", "interrupt", "merge", "merge")


@dataclass(slots=True)
class Story:
    """What happens by chance, from a seed."""

    random: Random
    pair: Pair
    turns: dict[str, str] = field(default_factory=dict)
    lost: Region | None = None

    async def happen(self) -> None:
        """Let things happen for a while, then mend everything and let all turns come to their ends."""
        until = self.random.uniform(5, 40)
        while self.pair.now < until:
            await self.pair.pass_time(self.random.choice([0.05, 0.2, 0.5, 1, 2, 5]))
            happening = self.random.choices(
                [self._submit, self._kill, self._lose_hints, self._cut, self._lose, self._cancel],
                [50, 10, 10, 8, 8, 4],
            )[0]
            await happening()
        if self.lost is not None:
            await self.lost.peer.adopt_jobs().adopt()
            self.pair.bring_back(self.lost)
        self.pair.linked = True
        await self.pair.pass_time(0.05)
        self.turns["last"] = await self.pair.submit(self.pair.west, "last")
        await self.pair.finish(*self.turns.values())
        await self.pair.pass_time(2)

    @property
    def live(self) -> list[Region]:
        """The Regions that are up."""
        return [region for region in (self.pair.east, self.pair.west) if region is not self.lost]

    async def _submit(self) -> None:
        words, chance = f"t{len(self.turns)}", self.random
        fields: dict[str, Any] = {
            "seconds": chance.choice([0.1, 1, 4]),
            "takes_in": chance.random() < 0.6,
            "remembers": chance.random() < 0.5,
            "fails": chance.random() < 0.15,
        }
        region, on_busy = chance.choice(self.live), chance.choice(POLICIES)
        self.turns[words] = await self.pair.submit(region, words, on_busy=on_busy, **fields)

    async def _kill(self) -> None:
        self.pair.fleets[self.random.choice(self.live).name].kill_workers()

    async def _lose_hints(self) -> None:
        self.pair.fleets[self.random.choice(self.live).name].lose_hints()

    async def _cut(self) -> None:
        if self.lost is None:
            self.pair.linked = not self.pair.linked

    async def _lose(self) -> None:
        if self.lost is not None:
            self.pair.bring_back(self.lost)
            self.lost = None
            return
        self.lost = self.random.choice(self.live)
        self.pair.lose(self.lost)
        await self.pair.pass_time(self.random.uniform(0, 3))
        await self.lost.peer.adopt_jobs().adopt()

    async def _cancel(self) -> None:
        known = {row.segment.job_id for row in self.pair.here.table.segments.values()}
        turns = [turn for turn in self.turns.values() if turn in known and not self.pair.state(turn).finished]
        if turns:
            await self.pair.cancel(self.random.choice(turns))


async def told(seed: int) -> None:
    pair = Pair.at_work()
    pair.waits = 0.2
    story = Story(Random(seed), pair)
    await story.happen()
    assert pair.talk.at_once == 1, "one turn at a time"
    assert both_see_the_same(pair, [SESSION, *story.turns.values()])
    heard = pair.talk.heard["last"]
    for words, turn in story.turns.items():
        if words != "last":
            has_one_end_and_is_remembered_once(pair, story, words, turn, heard)


def has_one_end_and_is_remembered_once(pair: Pair, story: Story, words: str, turn: str, heard: Iterable[str]) -> None:
    state = pair.state(turn)
    remembered = sum(entry == words or entry.startswith(f"{{'words': '{words}'") for entry in heard)
    match state.status, state.result:
        case "succeeded", {"merged_into": str(other)}:
            result = pair.state(other).result
            assert isinstance(result, dict)
            assert words in str(result["merged"]), f"{words} has been answered by nobody"
            assert not state.admitted
        case "succeeded", {"merged": list(merged)}:
            assert state.admitted
            assert remembered == 1, f"{words}: {heard}"
            for each in merged:
                assert pair.state(story.turns[str(each)]).result == {"merged_into": turn}
        case "failed", _:
            assert state.error is not None
            assert state.error["code"] == ("agent_raised" if state.admitted else "session_busy")
            assert remembered == (1 if state.admitted else 0)
        case status, _:
            assert status == "cancelled"
            assert remembered <= 1


@pytest.mark.parametrize("seed", some_of(range(24), 4))
def test_whatever_happens_each_turn_has_one_end_and_is_remembered_once(seed: int) -> None:
    print(f"seed {seed}")
    run_virtually(told(seed))


@in_virtual_time
async def test_a_job_without_a_session_is_accepted_as_ever() -> None:
    pair = Pair.at_work()
    view = await pair.east.submit_turn().submit(request("talk", input={"words": "alone"}))
    await pair.until(lambda: pair.state(str(view["id"])).finished)
    assert "session" not in view
    assert pair.talk.said == ["alone"]
    assert pair.talk.heard["alone"] == []


@in_virtual_time
async def test_a_turn_shows_its_session_and_another_policy_under_the_same_key_is_another_body() -> None:
    pair = Pair.at_work()
    asked = {"input": {"words": "one"}, "idempotency_key": "one"}
    session: dict[str, Json] = {"name": NAME, "on_busy": "queue"}
    view = await pair.east.submit_turn().submit(request("talk", session=session, **asked))
    assert view["session"] == session
    with pytest.raises(AntipodeError) as raised:
        await pair.east.submit_turn().submit(request("talk", session={**session, "on_busy": "merge"}, **asked))
    assert raised.value.code == "idempotency_conflict"


@in_virtual_time
async def test_nobody_submits_the_agent_that_keeps_sessions() -> None:
    pair = Pair.at_work()
    with pytest.raises(AntipodeError) as raised:
        await pair.east.submit_turn().submit(request("session", input={"name": NAME}))
    assert raised.value.code == "unknown_agent"
