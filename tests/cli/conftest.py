"""The command line as a user meets it, before an API that each test writes down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from stacks.cli import build
from stacks.commands import api_access
from tests.cli.scripted_api import ScriptedApi

Antipode = Callable[..., Result]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> ScriptedApi:
    scripted = ScriptedApi()
    monkeypatch.setattr(api_access, "client_of", lambda *_: scripted.client())
    return scripted


@pytest.fixture(scope="session")
def command_line() -> tuple[typer.Typer, Any]:
    """The whole command line, and the commands that Typer makes of it: once, because that reads every signature."""
    app = build()
    return app, typer.main.get_command(app)


@pytest.fixture
def antipode(monkeypatch: pytest.MonkeyPatch, command_line: tuple[typer.Typer, Any]) -> Antipode:
    """Run `antipode` with these arguments, without what the caller's environment says."""
    for name in ("ANTIPODE_API_URL", "ANTIPODE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    app, commands = command_line
    monkeypatch.setattr(typer.testing, "_get_command", lambda _: commands)

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app, list(arguments), **options)

    return run


def one_line(result: Result, code: int = 1) -> str:
    """What a refused command said: one line on stderr, nothing else, and no traceback."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("antipode: ")
    return line.removeprefix("antipode: ")
