"""The safety rules that a simulation runs under. A test switches one off to show that the simulation can fail."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from functions.adapters.memory import MemoryHistory, MemoryTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All in force, unless a test says otherwise. `replaced`: what stands in for a function, by its dotted name."""

    history: Callable[[MemoryTable], MemoryHistory] = MemoryHistory
    adoption: bool = True
    replaced: tuple[tuple[str, Callable[..., Any]], ...] = ()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Run something under these rules."""
        with ExitStack() as stack:
            for name, stand_in in self.replaced:
                stack.enter_context(patch(name, stand_in))
            yield
