"""Every `antipode` command that a page shows is one that there is, with options and arguments that it takes.

Nothing is carried out here: what commands do, the other tests say.
"""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.exceptions import TyperException

from stacks.cli import build

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(CHECKOUT.glob("*.md")), *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
IN_LINE = re.compile(r"`((?:\.venv/bin/)?antipode\s[^`]+)`")
COMMAND_LINE = typer.main.get_command(build())
#: What is said of a command that lacks an argument, or an option's value: a sentence may leave these out.
LEFT_OUT = ("MissingParameter", "BadOptionUsage")
COMMAND = re.compile(r"^ *(?:\.venv/bin/)?antipode (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it. One within a sentence is `named`: arguments may be left out."""

    page: str
    text: str
    named: bool

    def __str__(self) -> str:
        return f"{self.page}: antipode {self.text}"


def shown_in(page: str, text: str) -> list[Shown]:
    """Return the commands that a page shows: whole lines of its blocks, and what stands in a sentence."""
    lines = "\n".join(block.replace("\\\n", " ") for block in BLOCK.findall(text))
    whole = [Shown(page, command, named=False) for command in COMMAND.findall(lines)]
    sentences = IN_LINE.findall(BLOCK.sub("", text))
    commands = (" ".join(sentence.split()).partition("antipode ")[2] for sentence in sentences)
    return whole + [Shown(page, command, named=True) for command in commands]


def refusal(shown: Shown) -> str | None:
    """Return why the command line does not take a command, None if it does."""
    choices = (word.split("|") if re.fullmatch(r"[a-z|-]+", word) else [word] for word in words_of(shown.text))
    for words in itertools.product(*choices):
        command, rest = COMMAND_LINE, list(words)
        while rest and (below := getattr(command, "commands", {}).get(rest[0])) is not None:
            command, rest = below, rest[1:]
        if shown.named and not rest:
            continue
        try:
            command.make_context("antipode", rest)
        except typer.Exit:
            continue  # it asked for help
        except TyperException as error:
            if not (shown.named and type(error).__name__ in LEFT_OUT):
                return f"{shown}: {error}"
        if getattr(command, "commands", None) and not getattr(command, "invoke_without_command", False):
            return f"{shown}: {rest} is no command"
    return None


def words_of(text: str) -> list[str]:
    return shlex.split(text, comments=True)


SHOWN = [command for page in PAGES for command in shown_in(page.relative_to(CHECKOUT).as_posix(), page.read_text())]


@pytest.mark.parametrize("page", sorted({shown.page for shown in SHOWN}))
def test_every_command_that_a_page_shows_is_taken_by_the_command_line(page: str) -> None:
    found = [why for shown in SHOWN if shown.page == page and (why := refusal(shown)) is not None]
    assert not found, "\n".join(found)


def test_pages_show_commands_in_blocks_and_in_sentences() -> None:
    pages = {(shown.page, shown.named) for shown in SHOWN}
    assert {("docs/dead-letters.md", False), ("docs/webhooks.md", True), ("README.md", False)} <= pages


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("```sh\nantipode dead-letters redrive --agent probe --preview  # at first\n```", False),
        ("```sh\nantipode dead-letters list \\\n  --agent probe\n```", False),
        ("```sh\nantipode dead-letters redrive --agnet probe\n```", True),
        ("```sh\nantipode dead-letter list\n```", True),
        ("```sh\nantipode dead-letters\n```", True),
        ("1. So:\n\n   ```sh\n   antipode submit probe --wait\n   ```", True),
        ("```sh\nantipode dead-letters show\n```", True),
        ("```sh\nantipode dead-letters show a b\n```", True),
        ("see `antipode dead-letters show`, or `antipode dead-letters redrive|dismiss`", False),
        ("see `antipode tokens create\n--principal NAME` and `antipode submit --at`", False),
        ("see `antipode submit --att`", True),
        ("see `antipode\ndead-letters show --jsno`", True),
        ("see `antipode dead-letters redrive|dismis`", True),
    ],
)
def test_a_command_that_there_is_not_is_found(text: str, refused: bool) -> None:
    found = [refusal(shown) for shown in shown_in("a page", text)]
    assert found
    assert any(found) is refused
