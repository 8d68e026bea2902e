"""A worker's life: all of it ends at one place, and nothing of it goes on after that."""

import asyncio
from dataclasses import dataclass, field

import pytest

from functions.sdk.testing.lifetime import Lifetime, Mortal, watch_births
from functions.sdk.testing.virtual_time import VirtualLoop, in_virtual_time, pass_time


@dataclass(slots=True)
class Port:
    """A port that writes down what was written."""

    written: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        """Is no coroutine."""
        return ["a name"]

    async def read(self) -> int:
        """Change nothing."""
        return len(self.written)

    async def append(self, what: str) -> None:
        """Change something."""
        self.written.append(what)


def begin(ends_at: int | None) -> Lifetime:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    watch_births(loop)
    return Lifetime(ends_at)


@pytest.mark.parametrize(("ends_at", "written"), [(0, []), (1, ["a"]), (2, ["a"]), (3, ["a", "b"]), (4, ["a", "b"])])
def test_a_worker_dies_just_before_or_just_after_a_write(ends_at: int, written: list[str]) -> None:
    @in_virtual_time
    async def program() -> None:
        port, life = Port(), begin(ends_at)
        mortal = Mortal("port", port, life)

        async def work() -> None:
            for what in ("a", "b"):
                await mortal.read()
                await mortal.append(what)

        task = life.begin(work())
        await asyncio.wait({task})
        assert port.written == written
        assert life.over.is_set() == (ends_at < 4)
        assert task.cancelled() == life.over.is_set()
        assert life.places[-1] == f"{'before' if ends_at % 2 == 0 and ends_at < 4 else 'after'} port.append"

    program()


@in_virtual_time
async def test_all_tasks_of_a_worker_die_with_it_and_none_does_another_thing() -> None:
    port, life, done = Port(), begin(0), []
    mortal = Mortal("port", port, life)

    async def beside() -> None:
        try:
            await pass_time(100)
        finally:
            done.append("noticed")
            await mortal.append("written by a dead worker")

    async def in_the_way() -> None:
        try:
            await mortal.append("never")
        except asyncio.CancelledError:
            await mortal.read()

    async def work() -> None:
        tasks = [asyncio.create_task(beside()), asyncio.create_task(in_the_way())]
        await asyncio.gather(*tasks)

    life.begin(work())
    await life.over.wait()
    await life.buried()
    assert (port.written, done) == ([], ["noticed"])


@in_virtual_time
async def test_tasks_that_others_have_begun_outlive_the_worker() -> None:
    life = begin(0)
    other = asyncio.create_task(pass_time(10))

    async def work() -> None:
        life.pass_by("the end")

    await asyncio.wait({life.begin(work())})
    await life.buried()
    await other
    assert not other.cancelled()


@in_virtual_time
async def test_what_is_no_call_passes_through() -> None:
    assert Mortal("port", Port(), begin(0)).names() == ["a name"]
