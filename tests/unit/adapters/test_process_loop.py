"""One event loop a process: kept from one piece of work to the next, with nothing running in between."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from functions.adapters.process_loop import ProcessLoop


@pytest.fixture
def loop() -> Iterator[ProcessLoop]:
    made = ProcessLoop()
    yield made
    made.close()


async def running() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_the_loop_is_kept_and_made_anew_only_after_it_was_closed(loop: ProcessLoop) -> None:
    first = loop.run(running())
    assert loop.run(running()) is first
    loop.close()
    assert first.is_closed()
    assert loop.run(running()) is not first


def test_what_the_work_raises_is_raised_and_the_next_work_is_done(loop: ProcessLoop) -> None:
    async def fail() -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        loop.run(fail())
    loop.run(running())


def test_what_the_work_has_left_behind_has_ended_when_it_returns(loop: ProcessLoop) -> None:
    seen: list[str] = []

    async def hang(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.create_task(note(name))  # begun while it ends, and waited for as well

    async def note(name: str) -> None:
        seen.append(name)

    async def work() -> str:
        for name in "ab":
            asyncio.get_running_loop().create_task(hang(name))
        await asyncio.create_task(note("work"))
        return "done"

    assert loop.run(work()) == "done"
    assert sorted(seen) == ["a", "b", "work"]
    assert asyncio.all_tasks(loop.run(running())) == set()


def test_what_a_task_that_was_left_behind_raises_is_told_to_the_log(loop: ProcessLoop, caplog: Any) -> None:
    async def break_down() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LookupError("on the way out") from None

    async def work() -> None:
        task = asyncio.create_task(break_down())
        await asyncio.wait({task}, timeout=0)

    loop.run(work())
    assert "raised by what was left behind" in caplog.text
    assert "on the way out" in caplog.text


def test_an_async_generator_that_was_not_read_to_its_end_is_closed(loop: ProcessLoop) -> None:
    seen: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            seen.append("closed")

    async def work() -> None:
        async for _ in numbers():
            break

    loop.run(work())
    assert seen == ["closed"]


def test_a_plain_function_under_way_in_a_thread_is_waited_for_and_threads_are_there_for_the_next_work(
    loop: ProcessLoop,
) -> None:
    may_end, seen = threading.Event(), []

    def slow() -> None:
        may_end.wait(10)
        seen.append("ended")

    async def give_up() -> None:
        begun = asyncio.ensure_future(asyncio.to_thread(slow))
        await asyncio.wait({begun}, timeout=0.01)
        threading.Timer(0.05, may_end.set).start()

    loop.run(give_up())
    assert seen == ["ended"]
    assert loop.run(asyncio.to_thread(lambda: "again")) == "again"


def test_it_is_not_begun_within_a_running_loop(loop: ProcessLoop) -> None:
    async def inside() -> None:
        loop.run(work)

    work = running()
    with pytest.raises(RuntimeError, match="running"):
        asyncio.run(inside())
    work.close()
