"""Recognises licences in one text by the words of the text: whole licence texts, and names used in prose.

Apart from `licence_reader`, which weighs several texts and fields against each other, so that recognition can be tested
alone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from localstack.model.licence_wording import (
    CHOICE,
    CLOSED,
    DEDICATED,
    GNU_LATER,
    GNU_NAME,
    GNU_VERSION,
    NAMES,
    PART,
    PROPRIETARY,
    PUBLIC_DOMAIN,
    PYTHON_STACK,
    TEXTS,
    Family,
)

GAP = "\x00"
"""Stands where lines were left out; no pattern matches across it."""

_GRANTING = re.compile(r"licen[cs]|\bunder\b|distributed|released|available|covered|govern")
_NOT_GRANTING = re.compile(
    r"previously|formerly|compatible|not (be )?(licensed|covered|under)|instead of|other (than|software)|as opposed to"
)
_QUOTES = str.maketrans({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
_SPDX_TAG = re.compile(r"spdx-license-identifier: ?(?P<id>[\w.+() -]+?)(?= \*|$|\x00)")


@dataclass(frozen=True)
class Found:
    """One licence that a text holds or names, and the line that shows it."""

    spdx: str
    line: str
    whole_text: bool
    part: bool = False
    """It covers only a part of the distribution."""


@dataclass(frozen=True)
class TextReading:
    """All that one text says."""

    found: tuple[Found, ...]
    choice: str | None = None
    """The line that leaves the choice to the licensee."""
    later: str | None = None
    """The line that allows later versions of a GNU licence."""


class Folded:
    """A text in lower case with single blanks, which still knows its original lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._starts: list[int] = []
        pieces: list[str] = []
        position = 0
        for line in lines:
            piece = " ".join(line.lower().translate(_QUOTES).split()) + " "
            piece = "" if piece == " " else piece
            self._starts.append(position)
            pieces.append(piece)
            position += len(piece)
        self.text = "".join(pieces)

    def line_at(self, position: int) -> str:
        """The original line in which that position of the folded text lies, without its indentation."""
        return self._lines[max(0, bisect_right(self._starts, position) - 1)].strip()


@dataclass(frozen=True)
class _Segment:
    start: int
    end: int
    family: Family


def read_text(lines: Sequence[str]) -> TextReading:
    """Reads one licence file or one long License field."""
    folded = Folded(lines)
    segments = _segments(folded.text)
    found: list[Found] = []
    choice: str | None = None
    later: str | None = None
    in_part = False
    for loose_start, loose_end, segment in _alternating(folded.text, segments):
        loose = folded.text[loose_start:loose_end]
        for sentence_start, sentence in _sentences(loose):
            at = loose_start + sentence_start
            in_part = in_part or (bool(found) and bool(PART.search(sentence)))
            about_part = in_part or bool(PART.search(sentence))
            named = [
                Found(spdx, folded.line_at(at + offset), whole_text=False, part=about_part)
                for spdx, offset in names_in(sentence)
            ]
            found += named if _GRANTING.search(sentence) and not _NOT_GRANTING.search(sentence) else []
            if not about_part and (match := CHOICE.search(sentence)):
                choice = choice or folded.line_at(at + match.start())
            if match := re.search(GNU_LATER, sentence):
                later = later or folded.line_at(at + match.start())
        if segment and (spdx := _variant(folded.text[segment.start : segment.end], segment.family)):
            found.append(Found(spdx, folded.line_at(segment.start), whole_text=True, part=in_part))
    found = _python_stack(found) or _reserved(folded)
    return TextReading(tuple(found), choice, later)


def names_in(sentence: str) -> list[tuple[str, int]]:
    """The licences that a phrase names, as (SPDX id, position), in their order."""
    taken: list[tuple[int, int]] = []
    names: list[tuple[int, str]] = []
    for match in _SPDX_TAG.finditer(sentence):
        names += [(match.start(), spdx) for spdx, _ in names_in(match["id"].strip("() "))]
        taken.append(match.span())
    for start, end, spdx in _gnu_names(sentence):
        names.append((start, spdx))
        taken.append((start, end))
    for spdx, pattern in NAMES:
        for match in _compiled(pattern).finditer(sentence):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                names.append((match.start(), spdx))
    return [(spdx, position) for position, spdx in sorted(names)]


def _gnu_names(sentence: str) -> Iterator[tuple[int, int, str]]:
    """GNU licences in prose: kind, version and "or later" may stand apart from each other."""
    for match in _compiled(GNU_NAME).finditer(sentence):
        kind = {"affero ": "AGPL", "lesser ": "LGPL", "library ": "LGPL", "a": "AGPL", "l": "LGPL"}.get(
            match["kind"] or match["short"] or "", "GPL"
        )
        rest = sentence[match.end() :]
        version = re.search(GNU_VERSION, rest)
        if not version:
            yield match.start(), match.end(), f"{kind}-*"
            continue
        number = version["version"] if "." in version["version"] else f"{version['version']}.0"
        later = version["plus"] or re.match(f".{{0,60}}?({GNU_LATER})", rest[version.end("version") :])
        yield match.start(), match.end() + version.end(), f"{kind}-{number}-{'or-later' if later else 'only'}"


def _segments(text: str) -> list[_Segment]:
    """Where whole licence texts lie: each ends with its own last words, or where the next one starts."""
    starts = sorted(
        (match.start(), number)
        for number, family in enumerate(TEXTS)
        for match in _compiled(family.start).finditer(text)
    )
    segments: list[_Segment] = []
    for position, (start, number) in enumerate(starts):
        limit = starts[position + 1][0] if position + 1 < len(starts) else len(text)
        family = TEXTS[number]
        closing = _compiled(family.end).search(text, start, limit)
        segments.append(_Segment(start, closing.end() if closing else limit, family))
    return segments


def _alternating(text: str, segments: Sequence[_Segment]) -> Iterator[tuple[int, int, _Segment | None]]:
    """The loose text before each whole licence text, with that text; last the rest."""
    position = 0
    for segment in segments:
        yield position, segment.start, segment
        position = segment.end
    yield position, len(text), None


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"(?:[^.;\x00]|\.(?! )|(?<= v)\.)+", text):
        yield match.start(), match[0]


def _variant(text: str, family: Family) -> str | None:
    for variant in family.variants:
        if all(_compiled(need).search(text) for need in variant.needs) and not any(
            _compiled(lack).search(text) for lack in variant.lacks
        ):
            return variant.spdx
    return None


def _python_stack(found: list[Found]) -> list[Found]:
    """The licences of old Python releases follow each other in one file: one stack, unless the text says that PSF's
    alone holds.
    """
    where = [number for number, item in enumerate(found) if item.spdx == PYTHON_STACK]
    if not where:
        return found
    first = next(number for number, item in enumerate(found) if item.spdx in {"PSF-2.0", PYTHON_STACK})
    stated = found[first].spdx == "PSF-2.0" and not found[first].whole_text
    stack = Found("PSF-2.0" if stated else PYTHON_STACK, found[first].line, found[first].whole_text, found[first].part)
    return [*found[:first], stack] if stack.part else [stack]


def _reserved(folded: Folded) -> list[Found]:
    """Only where no licence was recognised: words that keep all rights, or give all away."""
    for pattern, spdx in ((DEDICATED, PUBLIC_DOMAIN), (CLOSED, PROPRIETARY)):
        if match := pattern.search(folded.text):
            return [Found(spdx, folded.line_at(match.start()), whole_text=False)]
    return []


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
