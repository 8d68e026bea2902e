"""Our own Python files, read once, for every test in this folder."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("functions", "stacks", "localstack", "tests")


@dataclass(frozen=True)
class Source:
    """One Python file: `name` is its path from the top of the checkout."""

    name: str
    text: str

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        gc.disable()  # a tree is many objects, and none of them is garbage
        try:
            return ast.parse(self.text, self.name)
        finally:
            gc.enable()


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files below these folders, or all of ours."""
    paths = [path for folder in folders or FOLDERS for path in sorted((CHECKOUT / folder).rglob("*.py"))]
    paths += [] if folders else sorted(CHECKOUT.glob("*.py"))
    return tuple(_source(path) for path in paths)


@cache
def _source(path: Path) -> Source:
    return Source(path.relative_to(CHECKOUT).as_posix(), path.read_text("utf-8"))


def functions_of(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports_of(source: Source) -> Iterator[str]:
    """The full name of every module that a file imports, wherever in the file."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def listed(findings: list[str]) -> str:
    """Findings, one a line, as the message of a failed assertion."""
    return "\n" + "\n".join(findings)
