"""How a shim changes a function of the emulator, and how it notices that the function is no longer the same.

Every shim was written against the source of one exact version. So each function that a shim replaces, wraps or edits is
named together with the hash of its source, and an emulator with another source refuses to start instead of
misbehaving quietly. A shim knows the emulator's modules only through this one, which also keeps them out of reach of
the type checker (the emulator has no types).
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

WRITTEN_FOR = "1.5.33"


class EmulatorChanged(Exception):
    """The installed emulator is not the one that a shim was written for."""


def module(name: str) -> Any:
    """A module of the emulator, such as `services.route53`."""
    return importlib.import_module(f"ministack.{name}")


@dataclass(frozen=True)
class Target:
    """A function, method or text constant of the emulator, and the hash of the source that the shim was written for."""

    module: str
    name: str
    sha256: str

    def checked(self) -> Any:
        """The original, if its source is the expected one."""
        *owner_names, _ = self.name.split(".")
        found: Any = module(self.module)
        try:
            for part in (*owner_names, self.name.rpartition(".")[2]):
                found = getattr(found, part)
        except AttributeError:
            raise EmulatorChanged(f"ministack.{self.module} no longer has {self.name}{_ADVICE}") from None
        digest = source_hash(found)
        if digest != self.sha256:
            raise EmulatorChanged(
                f"ministack.{self.module}.{self.name} has source {digest}, not {self.sha256}{_ADVICE}"
            )
        return found

    def put(self, replacement: Any) -> None:
        """Set the replacement where the original was."""
        *owner_names, last = self.name.split(".")
        owner: Any = module(self.module)
        for part in owner_names:
            owner = getattr(owner, part)
        setattr(owner, last, replacement)


_ADVICE = (
    f"; our shims were written for ministack {WRITTEN_FOR}: install that version, "
    "or read what changed and adapt the shim"
)


def source_hash(original: Any) -> str:
    """A short hash of a function's source, or of a text constant."""
    text = original if isinstance(original, str) else source_of(original)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def source_of(function: Any) -> str:
    """A function's source, as `inspect.getsource` has it. That reads every token, a third of a second for all shims."""
    code: CodeType | None = getattr(inspect.unwrap(function), "__code__", None)
    last = None if code is None else _last_line(code)
    if code is None or last is None:
        return inspect.getsource(function)
    return "".join(linecache.getlines(code.co_filename)[code.co_firstlineno - 1 : last])


def _last_line(code: CodeType) -> int | None:
    """The line on which the last expression of a function ends, if the interpreter keeps that."""
    ends = [end for _, end, _, _ in code.co_positions() if end is not None]
    ends += [end for inner in code.co_consts if isinstance(inner, CodeType) and (end := _last_line(inner)) is not None]
    return max(ends, default=None)


def wrap(target: Target, make: Callable[[Any], Any]) -> None:
    """Replace the target by what `make` returns for the original."""
    target.put(make(target.checked()))


def edit(target: Target, *changes: tuple[str, str], names: dict[str, Any] | None = None) -> None:
    """Replace pieces of the target's source: for a change in the middle of a long function.

    Each piece must occur exactly once. `names` are made known to the edited function.
    """
    original = target.checked()
    text = original if isinstance(original, str) else textwrap.dedent(source_of(original))
    for old, new in changes:
        if text.count(old) != 1:
            raise EmulatorChanged(
                f"ministack.{target.module}.{target.name} holds {old!r} {text.count(old)} times, not once"
            )
        text = text.replace(old, new)
    if isinstance(original, str):
        target.put(text)
        return
    first_line = original.__code__.co_firstlineno
    code = compile("\n" * (first_line - 1) + text, f"{original.__code__.co_filename} (edited)", "exec")
    scope = module(target.module).__dict__
    scope.update(names or {})
    made: dict[str, Any] = {}
    exec(code, scope, made)
    target.put(made[original.__name__])
