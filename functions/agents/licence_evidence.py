"""What one installed Python distribution says about its licence, cut to a size that a prompt can carry.

A file of its own because it is the part of the licence review that touches the file system: the agent calls it inside a
tool, and tests call it without any job around it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import Distribution, distributions
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

DistributionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=120)
]
"""A name as the packaging standards allow it; so it can hold no path."""

METADATA: Final = "METADATA"
MAX_FILES: Final = 8
MAX_FILE_BYTES: Final = 400_000
WHOLE_FILE_CHARACTERS: Final = 3_500
"""A file up to this size is shown whole: the MIT, BSD, ISC and Python licences with their preambles fit."""
HEAD_CHARACTERS: Final = 1_800
MAX_TELLING_LINES: Final = 60
GRANT_LINES: Final = 15
TAIL_LINES: Final = 6
MAX_LINE_CHARACTERS: Final = 400
MAX_METADATA_CHARACTERS: Final = 4_000
"""The License field of an older distribution may hold a whole licence text."""
MAX_EVIDENCE_CHARACTERS: Final = 14_000
"""All files together: the evidence is recorded in the job's history and sent to the model, and both are paid by size.
"""

_EXPRESSION: Final = "License-Expression:"
_LICENCE_HEADER = re.compile(r"(Name|Version|License|License-File):|Classifier: *License ::")
_LICENCE_FILE = re.compile(r"^(un)?licen[cs]e|^copying|^notice|^copyright|licen[cs]es?(\.|-|_|$)", re.IGNORECASE)
_NOT_A_LICENCE = re.compile(
    r"\.(py|pyc|pyi|so|json|html|toml)$|^(readme|changelog|changes|authors|contributors|code_of_conduct)", re.IGNORECASE
)
_HEADING = re.compile(r"^(?!\s*\W*\d+[.)]).{0,70}\blicen[cs]e\b.{0,40}$", re.IGNORECASE)
_GRANT = re.compile(
    r"(licensed|available|released|distributed) under|permission is hereby granted|permission to use, copy"
    r"|redistribution and use|unencumbered software|spdx-license-identifier|dual[- ]licen[cs]|either of|your option"
    r"|^\W*portions",
    re.IGNORECASE,
)


class Excerpt(BaseModel):
    """Lines that follow each other in a file, with the number of the first (from 1)."""

    model_config = ConfigDict(frozen=True)

    first_line: int
    lines: tuple[str, ...]


class EvidenceFile(BaseModel):
    """One file's share of the evidence. What lies between two excerpts was left out."""

    model_config = ConfigDict(frozen=True)

    name: str
    excerpts: tuple[Excerpt, ...]
    total_lines: int

    def numbered_lines(self) -> Iterator[tuple[int, str]]:
        """Every line that was kept, with its number in the file."""
        for excerpt in self.excerpts:
            yield from enumerate(excerpt.lines, excerpt.first_line)


class Evidence(BaseModel):
    """What was found. `declaration` is METADATA's License-Expression line, `declared` its value; the files here lack
    it.
    """

    model_config = ConfigDict(frozen=True)

    distribution: str
    version: str
    declared: str | None
    declaration: Excerpt | None
    files: tuple[EvidenceFile, ...]


class DistributionNotFound(LookupError):
    """No distribution of that name is installed where the review looks."""


def find_distribution(name: str, search_path: Sequence[str] = ()) -> Distribution:
    """The installed distribution of that name; an empty search path means the interpreter's own (`sys.path`)."""
    found = distributions(name=name, path=list(search_path)) if search_path else distributions(name=name)
    for distribution in found:
        if (
            distribution.metadata and distribution.metadata["Name"]
        ):  # a leftover folder without METADATA is no distribution
            return distribution
    raise DistributionNotFound(name)


def read_evidence(name: str, search_path: Sequence[str] = ()) -> Evidence:
    """Reads METADATA and the licence files of one installed distribution."""
    distribution = find_distribution(name, search_path)
    metadata = (distribution.read_text(METADATA) or distribution.read_text("PKG-INFO") or "").splitlines()
    files = [_metadata_file(metadata)]
    declaration = _declaration(metadata)
    budget = MAX_EVIDENCE_CHARACTERS - _size(files[0])
    for path, label in _licence_files(distribution)[:MAX_FILES]:
        text = _read_text(path)
        if text is None or not text.strip():
            continue
        file = EvidenceFile(name=label, excerpts=excerpts_of(text, budget), total_lines=len(text.splitlines()))
        budget -= _size(file)
        if not file.excerpts:
            break
        files.append(file)
    return Evidence(
        distribution=distribution.metadata["Name"],
        version=distribution.version,
        declared=declaration.lines[0].removeprefix(_EXPRESSION).strip() if declaration else None,
        declaration=declaration,
        files=tuple(files),
    )


def excerpts_of(text: str, budget: int = MAX_EVIDENCE_CHARACTERS) -> tuple[Excerpt, ...]:
    """The lines that tell most about a licence: a short file whole; of a long one its head, the lines that name a
    licence, and its end.
    """
    lines = [line.rstrip()[:MAX_LINE_CHARACTERS] for line in text.splitlines()]
    if len(text) <= WHOLE_FILE_CHARACTERS:
        kept = [number for number, line in enumerate(lines) if line]
    else:
        head = _lines_within(lines, HEAD_CHARACTERS)
        tail = range(max(len(head), len(lines) - TAIL_LINES), len(lines))
        middle = islice(_telling_lines(lines, range(len(head), tail.start)), MAX_TELLING_LINES)
        kept = [n for n in (*head, *middle, *tail) if lines[n]]
    return tuple(_runs(lines, _within_budget(lines, kept, budget)))


def _telling_lines(lines: Sequence[str], numbers: range) -> Iterator[int]:
    """Headings that name a licence, and the words with which one is granted, with the lines that these words run on
    to.
    """
    granted_to = -1
    for number in numbers:
        if _GRANT.search(lines[number]):
            granted_to = number + GRANT_LINES
        heads = not lines[number - 1] and _HEADING.match(lines[number])
        if number < granted_to or heads:
            yield number


def _metadata_file(lines: Sequence[str]) -> EvidenceFile:
    """The header lines that speak of the licence, as they stand; but the License-Expression."""
    kept: list[int] = []
    continued = False
    for number, line in enumerate(_headers(lines)):
        continued = continued if line[:1].isspace() else bool(_LICENCE_HEADER.match(line))
        if continued:
            kept.append(number)
    kept = _within_budget(lines, kept, MAX_METADATA_CHARACTERS)
    return EvidenceFile(name=METADATA, excerpts=tuple(_runs(lines, kept)), total_lines=len(lines))


def _declaration(lines: Sequence[str]) -> Excerpt | None:
    numbered = enumerate(_headers(lines), 1)
    return next((Excerpt(first_line=n, lines=(line,)) for n, line in numbered if line.startswith(_EXPRESSION)), None)


def _headers(lines: Sequence[str]) -> Sequence[str]:
    return lines[: lines.index("")] if "" in lines else lines


def _licence_files(distribution: Distribution) -> list[tuple[Path, str]]:
    """Licence files in the metadata folder, outermost first; without any there, those at the top of a package."""
    files = [PurePosixPath(str(file)) for file in distribution.files or ()]
    root = Path(str(distribution.locate_file(""))).resolve()
    in_metadata = [
        file for file in files if file.parts[0].endswith((".dist-info", ".egg-info")) and _is_licence_file(file)
    ]
    chosen = in_metadata or [file for file in files if len(file.parts) <= 2 and _is_licence_file(file)]
    labelled = ((root / file, _label(file)) for file in chosen)
    inside = [(path, label) for path, label in labelled if path.resolve().is_relative_to(root)]
    return sorted(inside, key=lambda pair: (pair[1].count("/"), pair[1].lower()))


def _is_licence_file(file: PurePosixPath) -> bool:
    if _NOT_A_LICENCE.search(file.name):
        return False
    folders = {part.lower() for part in file.parts[1:-1]}
    return bool(_LICENCE_FILE.search(file.name)) or "licenses" in folders


def _label(file: PurePosixPath) -> str:
    """The path as the distribution's author knows it, without the metadata folder and PEP 639's `licenses` folder in
    it.
    """
    parts = file.parts[1:] if file.parts[0].endswith((".dist-info", ".egg-info")) else file.parts
    return "/".join(parts[1:] if len(parts) > 1 and parts[0] == "licenses" else parts)


def _read_text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return None  # RECORD may name a file that is gone; the review goes on with what is there


def _lines_within(lines: Sequence[str], characters: int) -> range:
    taken = 0
    for number, line in enumerate(lines):
        taken += len(line) + 1
        if taken > characters:
            return range(number)
    return range(len(lines))


def _within_budget(lines: Sequence[str], kept: Iterable[int], budget: int) -> list[int]:
    chosen = []
    for number in kept:
        budget -= len(lines[number]) + 1
        if budget < 0:
            break
        chosen.append(number)
    return chosen


def _runs(lines: Sequence[str], kept: Sequence[int]) -> Iterator[Excerpt]:
    """Groups line numbers into excerpts; blank lines between two kept ones are no gap."""
    start = 0
    for position, number in enumerate(kept):
        following = kept[position + 1] if position + 1 < len(kept) else None
        if following is None or any(lines[number + 1 : following]):
            run = kept[start : position + 1]
            yield Excerpt(first_line=run[0] + 1, lines=tuple(lines[run[0] : run[-1] + 1]))
            start = position + 1


def _size(file: EvidenceFile) -> int:
    return sum(len(line) + 1 for excerpt in file.excerpts for line in excerpt.lines)
