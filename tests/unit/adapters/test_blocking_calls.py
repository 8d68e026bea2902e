"""Blocking calls in threads of their own."""

import asyncio
import threading

import pytest

from functions.adapters.blocking_calls import BlockingCalls

SOON = 10.0


def test_a_call_is_made_in_another_thread_and_returns_or_raises_here() -> None:
    async def program() -> None:
        calls = BlockingCalls("one", 2)
        assert await calls.run(threading.get_ident) != threading.get_ident()
        assert await calls.run(int, "ff", base=16) == 255
        with pytest.raises(ValueError, match="invalid literal"):
            await calls.run(int, "x")
        with pytest.raises(RuntimeError, match="StopIteration"):
            await calls.run(next, iter(()))

    asyncio.run(program())


def test_calls_one_after_the_other_share_a_thread() -> None:
    async def program() -> None:
        calls = BlockingCalls("one", 8)
        idents = set()
        for _ in range(20):
            idents.add(await calls.run(threading.get_ident))
            while calls._free == 0:  # the answer comes back before the thread is free again, or after
                await asyncio.sleep(0)
        assert len(idents) == 1

    asyncio.run(program())


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_calls_are_made_at_once_as_there_are_threads_and_all_of_them_in_the_end(threads: int) -> None:
    together = threading.Barrier(threads)

    async def program() -> list[int]:
        calls = BlockingCalls("some", threads)
        return await asyncio.gather(*(calls.run(together.wait, SOON) for _ in range(4 * threads)))

    arrived = asyncio.run(program())
    assert sorted(arrived) == sorted([*range(threads)] * 4)


def test_a_call_that_nobody_waits_for_any_more_is_not_begun() -> None:
    gate = threading.Event()
    made: list[str] = []

    async def program() -> None:
        calls = BlockingCalls("one", 1)
        first = asyncio.create_task(calls.run(gate.wait, SOON))
        second = asyncio.create_task(calls.run(made.append, "second"))
        third = asyncio.create_task(calls.run(made.append, "third"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait({second})
        gate.set()
        await asyncio.gather(first, third)

    asyncio.run(program())
    assert made == ["third"]


def test_a_call_that_outlives_its_event_loop_keeps_no_later_one_from_its_answers() -> None:
    gate = threading.Event()
    calls = BlockingCalls("two", 2)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(calls.run(gate.wait, SOON), 0.01)

    async def ask() -> int:
        answers = await asyncio.gather(*(calls.run(int, str(number)) for number in range(100)))
        return sum(answers)

    asyncio.run(give_up())
    asyncio.run(give_up())
    gate.set()
    assert [asyncio.run(ask()) for _ in range(3)] == [4950] * 3
