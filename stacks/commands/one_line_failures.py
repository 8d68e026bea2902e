"""How a command that was refused ends: one line on stderr for each complaint, an exit code, and never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

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


class CannotBeDone(Exception):
    """What was asked for cannot be begun: something is missing or written wrongly. One line."""


class WentWrong(Exception):
    """What was begun did not succeed. One line."""


@contextmanager
def one_line_failures() -> Iterator[None]:
    """End the command with a line and its code instead of a traceback."""
    try:
        yield
    except (CannotBeDone, ConfigurationError, NotUp, ToolMissing) as failure:
        fail(str(failure), EXIT_CANNOT)
    except (ApiError, BundleFailed, OrderRefused, PartUnreachable, WentWrong) as failure:
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
