"""What is special about a tool: its name in the history, and whether it is safe to carry out twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_MARK = "__antipode_tool__"


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How a tool is recorded and repeated."""

    name: str
    repeatable: bool = True
    expensive: bool = False


def tool(
    *, name: str | None = None, repeatable: bool = True, expensive: bool = False
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Mark a function as a tool with options. A plain function is a repeatable tool under its own name.

    `repeatable=False`: carrying it out twice does harm, so everything before it is made durable first. It can still
    happen twice (the process may die right after it): use the `idempotency_key` argument, which stays the same.
    `expensive=True`: its result is made durable at once.
    """

    def mark(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        setattr(function, _MARK, ToolOptions(name or function.__name__, repeatable, expensive))
        return function

    return mark


def options_of(function: Callable[..., object]) -> ToolOptions:
    """Return a tool's options. Raises TypeError for what has no name under which the history could know it."""
    found = getattr(function, _MARK, None)
    if isinstance(found, ToolOptions):
        return found
    name = getattr(function, "__name__", None)
    if name is None:
        raise TypeError(f"a tool is a function or a method, and {function!r} has no name: write a function around it")
    return ToolOptions(name)
