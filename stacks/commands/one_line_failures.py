"""How a command that was refused ends: one line on stderr for each complaint, an exit code, and never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeAlias

import typer

from localstack.cloud import NotUp
from localstack.control import OrderRefused, PartUnreachable
from stacks.api_client import ApiError
from stacks.bundle import BundleFailed
from stacks.environments import ConfigurationError
from stacks.toolchain import ToolMissing

EXIT_FAILED = 1
EXIT_CANNOT = 2
EXIT_INTERRUPTED = 130

Failures: TypeAlias = tuple[type[Exception], ...]


class CannotBeDone(Exception):
    """What was asked for cannot be begun: something is missing or written wrongly. One line."""


class WentWrong(Exception):
    """What was begun did not succeed. One line."""


_CANNOT: Failures = (CannotBeDone, ConfigurationError, NotUp, ToolMissing)
_FAILED: Failures = (ApiError, BundleFailed, OrderRefused, PartUnreachable, WentWrong)


@contextmanager
def one_line_failures(*, cannot: Failures = (), failed: Failures = ()) -> Iterator[None]:
    """End the command with a line and its code instead of a traceback; `cannot` and `failed` are more such failures."""
    try:
        yield
    except (*_CANNOT, *cannot) as failure:
        fail(str(failure), EXIT_CANNOT)
    except (*_FAILED, *failed) as failure:
        fail(str(failure), EXIT_FAILED)
    except KeyboardInterrupt:
        fail("interrupted", EXIT_INTERRUPTED)


def fail(said: str, code: int) -> NoReturn:
    """Say it, and end."""
    for line in said.splitlines():
        typer.echo(f"antipode: {line}", err=True)
    raise typer.Exit(code)


def pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """What a repeatable option `KEY=VALUE` was given."""
    parted = [text.partition("=") for text in given or []]
    if wrong := [
        text for text, (key, separator, _) in zip(given or [], parted, strict=True) if not (key and separator)
    ]:
        raise CannotBeDone(f"{option} {wrong[0]}: write KEY=VALUE")
    return {key: value for key, _, value in parted}
