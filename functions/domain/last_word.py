"""Settings that both Regions may be told: each writes an item of its own, and of those the last word counts.

One place for it, since switches, limits, schedules and webhooks are all kept so: no item has two writers.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from functions.domain.moments import add_seconds


class Word(Protocol):
    """What `region` was told at the moment `at`."""

    @property
    def at(self) -> str: ...

    @property
    def region(self) -> str: ...


W = TypeVar("W", bound=Word)


def last_word(words: Iterable[W]) -> W | None:
    """Return the one that counts: the one said last, and at one moment the later Region's by name."""
    return max(words, key=_order, default=None)


def last_words(words: Iterable[W], about: Callable[[W], str]) -> dict[str, W]:
    """Return, in order, for everything that words are about the one that counts."""
    said: dict[str, list[W]] = {}
    for word in words:
        said.setdefault(about(word), []).append(word)
    return {subject: max(said[subject], key=_order) for subject in sorted(said)}


def said_after(now: str, *before: Word | None) -> str:
    """Return the moment of a word said now: later than those before it, for whoever speaks last is to be heard.

    The Regions' clocks differ, and so may those of two processes.
    """
    return max([now, *(add_seconds(word.at, 0.001) for word in before if word is not None)])


def _order(word: Word) -> tuple[str, str]:
    return word.at, word.region
