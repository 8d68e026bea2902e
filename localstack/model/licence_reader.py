"""Reads a licence review's prompt and answers as a model would: SPDX expression, risk class, evidence, confidence.

Everything comes from the prompt's text. The form of the prompt that it understands is plain: a line `file <name>`, then
the lines of that file, each after `| `; a line in square brackets says that lines were left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from license_expression import ExpressionError, get_spdx_licensing

from localstack.model.licence_texts import GAP, Found, TextReading, names_in, read_text
from localstack.model.licence_wording import CHOICE, CLASSIFIERS, NO_ASSERTION, Risk, risk_of

_SEVERITY: tuple[Risk, ...] = ("permissive", "weak-copyleft", "strong-copyleft", "proprietary", "unknown")
_MAX_EVIDENCE = 6
_LICENCE_FIELD_IS_TEXT = 200
_NOT_OWN = re.compile(r"(^|/)notice|third[-_ ]?party|bundled|vendored", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"licen[cs]e[-_.](apache|mit|bsd|isc|gpl|lgpl|mpl|unlicense|zlib|boost|0bsd)", re.IGNORECASE)


@dataclass(frozen=True)
class PromptFile:
    """One file as the prompt shows it; a gap is a line of its own."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class LicenceReading:
    """The answer."""

    spdx: str
    risk: Risk
    evidence: tuple[str, ...]
    confidence: float


@dataclass(frozen=True)
class _Header:
    """What METADATA says, as (value, line) pairs."""

    expression: tuple[str, str] | None = None
    licence: tuple[str, str] | None = None
    licence_text: tuple[str, ...] = ()
    classifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Texts:
    """What all licence files together say."""

    whole: tuple[Found, ...] = ()
    named: tuple[Found, ...] = ()
    choice: str | None = None
    later: str | None = None
    files: tuple[tuple[str, str], ...] = field(default=())
    """Which licence stands in which file, as (SPDX id, file name)."""


def files_in(prompt: str) -> list[PromptFile]:
    """The files that a prompt shows; none when it is no licence review."""
    files: list[PromptFile] = []
    name: str | None = None
    lines: list[str] = []
    for line in [*prompt.splitlines(), ""]:
        if name is not None and line.startswith("|"):
            lines.append(line[2:])
        elif name is not None and re.fullmatch(r"\[.* left out\]", line):
            lines.append(GAP)
        elif name is not None and lines:
            files.append(PromptFile(name, tuple(lines)))
            name, lines = None, []
        if line.startswith("file "):
            name, lines = line.removeprefix("file ").strip(), []
    return files


def read_licence(prompt: str) -> LicenceReading:
    """The licence that the files in a prompt show, weighed: an expression declared, then whole texts, names in prose,
    fields.
    """
    files = files_in(prompt)
    header = _header([file for file in files if file.name == "METADATA"])
    texts = _texts([file for file in files if file.name != "METADATA"], header)
    if header.expression and (declared := _as_spdx(header.expression[0])):
        return _reading(declared, [header.expression[1]], 0.99)
    return _from_texts(texts, header) or _from_fields(header) or LicenceReading(NO_ASSERTION, "unknown", (), 0.0)


def _from_texts(texts: _Texts, header: _Header) -> LicenceReading | None:
    """What the licence files say, with the fields where the texts leave something open."""
    found = [*texts.whole, *texts.named]
    hints = _field_ids(header)
    ids = _settle((item.spdx for item in found), hints, later=bool(texts.later))
    if not ids:
        return None
    lines = [item.line for item in found]
    stated = _as_spdx(header.licence[0]) if header.licence else None
    if header.licence and stated and " " in stated and set(ids) <= _ids_of(stated):
        return _reading(stated, [header.licence[1], *lines], 0.95)
    agreeing = [line for spdx, line in header.classifiers if len(ids) == 1 and _fits(spdx, ids[0])]
    if len(ids) == 1:
        confidence = (0.9 if texts.whole else 0.75) + (0.08 if agreeing or ids[0] in hints else 0.0)
        return _reading(ids[0], [*lines, *agreeing], confidence)
    dual = header.licence if header.licence and CHOICE.search(header.licence[0].lower()) else None
    if choice := texts.choice or (dual[1] if dual else None):
        return _reading(" OR ".join(sorted(ids)), [choice, *lines], 0.9)
    if _named_as_alternatives(texts.files):
        return _reading(" OR ".join(sorted(ids)), lines, 0.6)
    return _reading(" AND ".join(sorted(ids)), lines, 0.7)


def _from_fields(header: _Header) -> LicenceReading | None:
    """Without any licence text: the License field, then the classifiers."""
    if header.licence:
        value, line = header.licence
        if stated := _as_spdx(value):
            return _reading(stated, [line], 0.8)
        ids = _settle((spdx for spdx, _ in names_in(value.lower())), [spdx for spdx, _ in header.classifiers])
        if ids:
            joined = " OR " if re.search(r"\bor\b|/|dual|either", value.lower()) else " AND "
            return _reading(joined.join(sorted(ids)), [line], 0.7)
    ids = _settle((spdx for spdx, _ in header.classifiers), [])
    if ids:
        dual = header.licence is not None and bool(CHOICE.search(header.licence[0].lower()))
        lines = [line for _, line in header.classifiers]
        return _reading((" OR " if dual else " AND ").join(sorted(ids)), lines, 0.6 if len(ids) == 1 else 0.4)
    named = [(spdx, header.licence[1]) for spdx, _ in names_in(header.licence[0].lower())] if header.licence else []
    for spdx, line in [*named, *header.classifiers]:
        if spdx.endswith("-*"):  # the family tells the risk, but not which licence of it
            return LicenceReading(NO_ASSERTION, risk_of(spdx), (line,), 0.3)
    return None


def _header(metadata: Sequence[PromptFile]) -> _Header:
    lines = [line for file in metadata for line in file.lines if line != GAP]
    expression: tuple[str, str] | None = None
    licence: tuple[str, str] | None = None
    text: list[str] = []
    classifiers: list[tuple[str, str]] = []
    current = ""
    for line in lines:
        key, _, value = line.partition(": ")
        continued = line[:1].isspace() or not re.fullmatch(r"[A-Z][A-Za-z-]*", key)
        current = current if continued else key
        if current == "License":
            text.append((line if continued else value).strip().removeprefix("|").strip())
            if not continued and value.strip().upper() not in {"", "UNKNOWN"}:
                licence = (value.strip(), line.strip())
        elif current == "License-Expression":
            expression = (value.strip(), line.strip())
        elif current == "Classifier" and (spdx := CLASSIFIERS.get(value.rpartition(" :: ")[2].strip())):
            classifiers.append((spdx, line.strip()))
    return _Header(expression, licence, tuple(text), tuple(classifiers))


def _texts(files: Iterable[PromptFile], header: _Header) -> _Texts:
    """All licence files but those of parts: a file in a folder of its own covers that folder, a notice names others'
    work.
    """
    own = [file for file in files if "/" not in file.name and not _NOT_OWN.search(file.name)]
    readings: list[tuple[str, TextReading]] = [(file.name, read_text(file.lines)) for file in own]
    if sum(map(len, header.licence_text)) > _LICENCE_FIELD_IS_TEXT:
        readings.append(("METADATA", read_text(header.licence_text)))
    main = [(name, item) for name, reading in readings for item in reading.found if not item.part]
    return _Texts(
        whole=tuple(item for _, item in main if item.whole_text),
        named=tuple(item for _, item in main if not item.whole_text),
        choice=next((reading.choice for _, reading in readings if reading.choice), None),
        later=next((reading.later for _, reading in readings if reading.later), None),
        files=tuple((item.spdx, name) for name, item in main),
    )


def _field_ids(header: _Header) -> list[str]:
    named = [spdx for spdx, _ in names_in(header.licence[0].lower())] if header.licence else []
    return [*named, *(spdx for spdx, _ in header.classifiers)]


def _settle(found: Iterable[str], hints: Sequence[str], *, later: bool = False) -> list[str]:
    """Distinct licences in order, each as exact as text and fields together make it; a family that nothing settles is
    dropped.
    """
    ids = list(dict.fromkeys(found))
    exact = [spdx for spdx in ids if not spdx.endswith("-*")]
    if "LGPL-3.0" in exact and "GPL-3.0" in exact:
        exact.remove(
            "GPL-3.0"
        )  # the LGPL's third version is written as an addition to the GPL, whose text comes with it
    for family in (spdx for spdx in ids if spdx.endswith("-*")):
        settled = [spdx for spdx in exact if spdx.startswith(family[:-1])]
        exact += (
            [] if settled else [hint for hint in hints if hint.startswith(family[:-1]) and not hint.endswith("-*")][:1]
        )
    return list(dict.fromkeys(_with_suffix(spdx, [*ids, *hints], later) for spdx in exact))


def _with_suffix(spdx: str, said: Sequence[str], later: bool) -> str:
    """A GNU licence's own text does not say whether later versions hold; the notice or the fields do, else they do
    not.
    """
    if not re.fullmatch(r"(A|L)?GPL-\d\.\d|GFDL-\d\.\d", spdx):
        return spdx
    stated = next((other for other in said if other in {f"{spdx}-only", f"{spdx}-or-later"}), None)
    return stated or f"{spdx}-{'or-later' if later else 'only'}"


def _named_as_alternatives(files: Sequence[tuple[str, str]]) -> bool:
    """LICENSE-MIT beside LICENSE-APACHE: by custom the licensee's choice."""
    names = {name for _, name in files}
    return len(names) > 1 and all(_ALTERNATIVE.match(name) for name in names)


def _fits(classifier: str, spdx: str) -> bool:
    return classifier == spdx or (classifier.endswith("-*") and spdx.startswith(classifier[:-1]))


@cache
def _licensing() -> Any:
    return get_spdx_licensing()


def _as_spdx(value: str) -> str | None:
    """The value as a normal SPDX expression, or None if it is none."""
    try:
        parsed = _licensing().parse(value, validate=True, strict=True)
    except (ExpressionError, ValueError):
        return None
    return str(parsed) if parsed is not None else None


def _ids_of(expression: str) -> set[str]:
    return {str(key) for key in _licensing().license_keys(expression)}


def _reading(expression: str, lines: Iterable[str], confidence: float) -> LicenceReading:
    evidence = tuple(dict.fromkeys(line for line in lines if line))[:_MAX_EVIDENCE]
    return LicenceReading(expression, _risk(expression), evidence, round(min(confidence, 0.99), 2))


def _risk(expression: str) -> Risk:
    """Of a choice the mildest class counts, of a sum the strictest; an exception softens a licence to weak copyleft."""
    parts = _split(expression, " OR ")
    if len(parts) > 1:
        return min(map(_risk, parts), key=_SEVERITY.index)
    parts = _split(expression, " AND ")
    if len(parts) > 1:
        return max(map(_risk, parts), key=_SEVERITY.index)
    bare = expression.strip()
    if bare.startswith("("):
        return _risk(bare[1:-1])
    licence, _, exception = bare.partition(" WITH ")
    risk = risk_of(licence)
    return min(risk, "weak-copyleft", key=_SEVERITY.index) if exception else risk


def _split(expression: str, operator: str) -> list[str]:
    """Splits at an operator that stands outside all brackets."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r"[()]|" + operator, expression):
        if match[0] == operator and depth == 0:
            parts.append(expression[start : match.start()])
            start = match.end()
        depth += {"(": 1, ")": -1}.get(match[0], 0)
    return [*parts, expression[start:]]
