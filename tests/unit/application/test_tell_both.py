"""What is told in one Region lies in both, or the answer says that it does not."""

import asyncio

import pytest

from functions.application.ports import StateUnavailable
from functions.application.tell_both import tell_both, tell_peer


class Replica:
    """Takes words, unless it is out of reach; `written` is shared, so that the order shows."""

    def __init__(self, name: str, written: list[str], *, lost: bool = False) -> None:
        self.name, self.written, self.lost = name, written, lost

    async def put(self, word: str) -> None:
        if self.lost:
            raise StateUnavailable(f"{self.name} is lost")
        self.written.append(f"{word} in {self.name}")


def test_it_is_written_here_first_and_then_into_the_peers_replica() -> None:
    written: list[str] = []
    here, there = Replica("east", written), Replica("west", written)
    assert asyncio.run(tell_both(here, there, lambda replica: replica.put("pause"))) == "both"
    assert written == ["pause in east", "pause in west"]


def test_while_the_peer_is_lost_it_is_written_here_and_the_answer_says_so() -> None:
    written: list[str] = []
    here, there = Replica("east", written), Replica("west", written, lost=True)
    assert asyncio.run(tell_both(here, there, lambda replica: replica.put("pause"))) == "local"
    assert written == ["pause in east"]


def test_what_is_not_written_here_is_not_written_there_either() -> None:
    written: list[str] = []
    here, there = Replica("east", written, lost=True), Replica("west", written)
    with pytest.raises(StateUnavailable):
        asyncio.run(tell_both(here, there, lambda replica: replica.put("pause")))
    assert written == []


def test_another_failure_than_silence_is_no_durability() -> None:
    async def broken() -> None:
        raise ValueError("a fault of ours")

    with pytest.raises(ValueError, match="of ours"):
        asyncio.run(tell_peer(broken()))
