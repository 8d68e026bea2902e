"""What is special about a tool: its name in the history, whether it is safe to carry out twice, and its retries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from functions.domain.job.retry import ONCE, Retry

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
DEFAULT_RETRY = Retry()
_MARK = "__antipode_tool__"
#: Characters that have a meaning in the paths of steps.
_RESERVED = frozenset("/#[]:")


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How a tool is recorded, repeated and tried again."""

    name: str
    repeatable: bool = True
    expensive: bool = False
    retry: Retry = DEFAULT_RETRY
    timeout: float | None = None


def tool(
    *,
    name: str | None = None,
    repeatable: bool = True,
    expensive: bool = False,
    retry: Retry | None = None,
    timeout: float | None = None,
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Mark a function as a tool with options. A plain function is a repeatable tool under its own name.

    `repeatable=False`: carrying it out twice does harm, so everything before it is made durable first. It can still
    happen twice (the process may die right after it): use the `idempotency_key` argument, which stays the same. It is
    made of the step's name: give it one of its own (`ctx.step(name=...)`) where results decide which steps come.
    `expensive=True`: its result is made durable at once. `retry`: when it is tried again; by default after `TryAgain`,
    ConnectionError and TimeoutError, five times in all, but what is not repeatable once only. `timeout`: seconds a try.
    """

    def mark(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        tries = retry or (DEFAULT_RETRY if repeatable else ONCE)
        options = ToolOptions(name or function.__name__, repeatable, expensive, tries, timeout)
        check_name(options.name)
        return marked(function, options)

    return mark


def marked(function: Callable[Parameters, Result], options: ToolOptions) -> Callable[Parameters, Result]:
    """Give a function a tool's options, and return it."""
    setattr(function, _MARK, options)
    return function


def options_of(function: Callable[..., object]) -> ToolOptions:
    """Return a tool's options. Raises TypeError for what has no name under which the history could know it."""
    found = getattr(function, _MARK, None)
    if isinstance(found, ToolOptions):
        return found
    name = getattr(function, "__name__", None)
    if name is None:
        raise TypeError(f"a tool is a function or a method, and {function!r} has no name: write a function around it")
    return ToolOptions(name)


def check_name(name: str) -> None:
    """Raise TypeError for a name that would be misread in the path of a step."""
    if not name or not _RESERVED.isdisjoint(name):
        raise TypeError(
            f"{name!r} is no name for a step: it must not be empty or hold any of {''.join(sorted(_RESERVED))}"
        )
