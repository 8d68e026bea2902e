"""A client that is made when it is first needed, and the calls through it."""

import asyncio
import threading

import pytest

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls


class Echo:
    """A client that says what it is asked, or waits until the test lets it go on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def say(self, *, what: str) -> str:
        """Return it."""
        return what

    def wait(self) -> None:
        """Answer too late for any limit."""
        self.goes_on.wait()


def test_a_client_is_made_at_the_first_call_and_kept() -> None:
    made: list[Echo] = []

    def make() -> Echo:
        made.append(Echo())
        return made[-1]

    async def program() -> None:
        calls = ClientCalls(make, BlockingCalls("one", 2))
        assert made == []
        assert await calls.call("say", what="yes") == "yes"
        assert await calls.act(lambda client, end: client.say(what="no") + end, "!") == "no!"
        assert len(made) == 1

    asyncio.run(program())


def test_a_call_ends_with_its_limit_but_making_the_client_is_not_part_of_it() -> None:
    echo = Echo()

    def make_slowly() -> Echo:
        assert not echo.goes_on.wait(0.02), "longer than the limit"
        return echo

    async def program() -> None:
        calls = ClientCalls(make_slowly, BlockingCalls("one", 2), limit_seconds=0.01)
        with pytest.raises(TimeoutError):
            await calls.call("wait")
        with pytest.raises(TimeoutError):
            await calls.act(Echo.wait)

    try:
        asyncio.run(program())
    finally:
        echo.goes_on.set()


def test_a_client_that_cannot_be_made_is_tried_again_at_the_next_call() -> None:
    attempts = iter([None, Echo()])

    def make() -> Echo:
        client = next(attempts)
        if client is None:
            raise ValueError("no credentials yet")
        return client

    async def program() -> None:
        calls = ClientCalls(make, BlockingCalls("one", 2))
        with pytest.raises(ValueError, match="no credentials yet"):
            await calls.call("say", what="yes")
        assert await calls.call("say", what="yes") == "yes"

    asyncio.run(program())
