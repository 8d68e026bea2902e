"""Branches of an agent that run at once. Each has a path of its own, so steps keep their names in any order."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: The branch that runs: whose it is, and its path, like "gather#2[0]/". What is begun inside of a branch inherits it,
#: another agent in the same process too: for that one it does not count.
_here: "ContextVar[tuple[Branches, str] | None]" = ContextVar("the branch", default=None)


class Ended(Protocol):
    """Is told that a branch of that path has come to its end by itself."""

    async def __call__(self, branch: str, error: BaseException | None = None) -> None: ...


class Branches:
    """The branches of one running agent. `begun` and `ended` are told the path of each as it begins, and as it ends."""

    def __init__(self, begun: Callable[[str], None], ended: "Ended") -> None:
        self._begun = begun
        self._ended = ended
        self._counts: dict[str, int] = {}

    def path(self, name: str) -> str:
        """Return the path of a step of that name on the branch that asks."""
        here = _here.get()
        return here[1] + name if here is not None and here[0] is self else name

    async def gather(self, *work: Awaitable[Any]) -> list[Any]:
        """Have all of them done at once and return their results in order; when one fails, end the others."""
        group = self._next("gather")
        return await _all([self._begin(each, f"{group}[{place}]/") for place, each in enumerate(work)])

    async def map(
        self, function: Callable[[Item], Awaitable[Result]], items: Iterable[Item], concurrency: int
    ) -> list[Result]:
        """Call the function for each item, at most `concurrency` at once, and return the results in order."""
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, it is {concurrency}")
        group, places = self._next("map"), asyncio.Semaphore(concurrency)

        async def one(item: Item) -> Result:
            async with places:
                return await function(item)

        return await _all([self._begin(one(item), f"{group}[{place}]/") for place, item in enumerate(items)])

    def spawn(self, work: Awaitable[Result]) -> "Branch[Result]":
        """Begin a branch and go on at once."""
        return Branch(self._begin(work, f"{self._next('spawn')}/"))

    def _begin(self, work: Awaitable[Result], path: str) -> "asyncio.Task[Result]":
        self._begun(path)

        async def branch() -> Result:
            _here.set((self, path))
            try:
                result = await work
            except Exception as error:
                await self._ended(path, error)
                raise
            await self._ended(path)
            return result

        task = asyncio.create_task(branch())
        if inspect.iscoroutine(work):  # a branch that is ended before it has begun would leave it behind, never awaited
            task.add_done_callback(lambda _: work.close())
        return task

    def _next(self, kind: str) -> str:
        name = self.path(kind)
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"


class Branch(Generic[Result]):
    """A branch that was spawned: await it for its result. What nobody awaits ends with the agent."""

    def __init__(self, task: "asyncio.Task[Result]") -> None:
        self._task = task

    def __await__(self) -> Generator[Any, None, Result]:
        return self._task.__await__()

    def cancel(self) -> None:
        """End it."""
        self._task.cancel()


async def _all(tasks: "list[asyncio.Task[Result]]") -> "list[Result]":
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
