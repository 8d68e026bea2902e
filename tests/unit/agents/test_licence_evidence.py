"""The evidence of a licence review is what really stands in a distribution's files, cut to size."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.agents.licence_evidence import (
    MAX_EVIDENCE_CHARACTERS,
    MAX_LINE_CHARACTERS,
    DistributionNotFound,
    Evidence,
    excerpts_of,
    read_evidence,
)
from tests.unit.agents.distributions import MIT_TEXT, install


def read(site: Path, name: str = "thing") -> Evidence:
    return read_evidence(name, [str(site)])


def lines_of(evidence: Evidence, file: str) -> list[str]:
    return [line for shown in evidence.files if shown.name == file for _, line in shown.numbered_lines()]


def names_of(evidence: Evidence) -> list[str]:
    return [file.name for file in evidence.files]


def test_metadata_shows_the_headers_that_speak_of_the_licence_and_no_other(tmp_path: Path) -> None:
    metadata = """\
Summary: a thing
License: MIT License
        and nothing else
Author: Somebody
Classifier: License :: OSI Approved :: MIT License
Classifier: Typing :: Typed
License-File: LICENSE
"""
    install(tmp_path, "thing", metadata)
    assert lines_of(read(tmp_path), "METADATA") == [
        "Name: thing",
        "Version: 1.0",
        "License: MIT License",
        "        and nothing else",
        "Classifier: License :: OSI Approved :: MIT License",
        "License-File: LICENSE",
    ]


def test_lines_carry_their_numbers_in_the_file(tmp_path: Path) -> None:
    install(tmp_path, "thing", "Summary: s\nLicense: MIT", {"DIST-INFO/licenses/LICENSE": MIT_TEXT})
    evidence = read(tmp_path)
    originals = {
        "METADATA": (tmp_path / "thing-1.0.dist-info" / "METADATA").read_text("utf-8").splitlines(),
        "LICENSE": MIT_TEXT.splitlines(),
    }
    for file in evidence.files:
        for number, line in file.numbered_lines():
            assert originals[file.name][number - 1] == line


def test_the_declared_expression_stands_apart_from_the_files(tmp_path: Path) -> None:
    install(tmp_path, "thing", "License-Expression: MIT OR ISC\nLicense-File: LICENSE")
    evidence = read(tmp_path)
    assert evidence.declared == "MIT OR ISC"
    assert evidence.declaration is not None
    assert evidence.declaration.lines == ("License-Expression: MIT OR ISC",)
    assert "License-Expression" not in str(evidence.files)


def test_what_the_description_says_is_no_header(tmp_path: Path) -> None:
    install(tmp_path, "thing")
    assert lines_of(read(tmp_path), "METADATA") == ["Name: thing", "Version: 1.0"]


def test_licence_files_are_found_by_name_and_folder_outermost_first(tmp_path: Path) -> None:
    files = {
        "DIST-INFO/licenses/vendored/LICENSE": "nested",
        "DIST-INFO/licenses/LICENSE.txt": "own",
        "DIST-INFO/COPYING": "older place",
        "DIST-INFO/licenses/README.rst": "not about the licence",
        "thing/LICENSE": "in the package",
        "thing/licenses.py": "code",
    }
    install(tmp_path, "thing", "", files)
    assert names_of(read(tmp_path)) == ["METADATA", "COPYING", "LICENSE.txt", "vendored/LICENSE"]


def test_without_a_licence_file_beside_the_metadata_the_package_is_looked_at(tmp_path: Path) -> None:
    install(tmp_path, "thing", "", {"thing/LICENSE": "in the package", "thing/deep/down/LICENSE": "a part's"})
    assert names_of(read(tmp_path)) == ["METADATA", "thing/LICENSE"]


def test_a_file_outside_the_folder_of_distributions_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("a secret", "utf-8")
    site = tmp_path / "site"
    install(site, "thing")
    with (site / "thing-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("thing-1.0.dist-info/../../LICENSE,,\n")
    assert "a secret" not in str(read(site))


def test_a_file_that_is_gone_or_empty_or_no_text_does_no_harm(tmp_path: Path) -> None:
    install(tmp_path, "thing", "", {"DIST-INFO/LICENSE": MIT_TEXT, "DIST-INFO/NOTICE": " \n", "DIST-INFO/COPYING": "x"})
    folder = tmp_path / "thing-1.0.dist-info"
    (folder / "LICENSE").unlink()
    (folder / "COPYING").write_bytes(b"\xff\xfe caf\xe9\n")
    assert names_of(read(tmp_path)) == ["METADATA", "COPYING"]


def test_a_name_is_found_however_it_is_spelled(tmp_path: Path) -> None:
    install(tmp_path, "Some-Thing")
    assert read(tmp_path, "some_thing").distribution == "Some-Thing"


def test_a_distribution_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(DistributionNotFound):
        read(tmp_path)


def test_all_files_together_stay_within_the_limit(tmp_path: Path) -> None:
    long = "\n".join(f"This library is licensed under the terms of licence number {number}." for number in range(3000))
    install(tmp_path, "thing", "", {f"DIST-INFO/licenses/LICENSE-{number}": long for number in range(20)})
    shown = sum(len(line) + 1 for file in read(tmp_path).files for _, line in file.numbered_lines())
    assert shown <= MAX_EVIDENCE_CHARACTERS


def test_of_a_long_file_the_head_the_grants_and_the_end_are_kept() -> None:
    filler = [f"Sentence {number} about warranties and other things." for number in range(400)]
    grant = "Portions are licensed under the MIT License."
    lines = ["The Great Licence", *filler[:200], "", grant, *filler[200:], "The last line."]
    kept = [line for excerpt in excerpts_of("\n".join(lines)) for line in excerpt.lines]
    assert kept[0] == "The Great Licence"
    assert grant in kept
    assert kept[-1] == "The last line."
    assert len(kept) < 100


@given(st.lists(st.text(alphabet="ab license\t", max_size=60), max_size=200), st.integers(0, 5_000))
def test_excerpts_are_lines_of_the_text_in_order_and_within_the_budget(lines: list[str], budget: int) -> None:
    excerpts = excerpts_of("\n".join(lines), budget)
    numbers = [n for excerpt in excerpts for n in range(excerpt.first_line, excerpt.first_line + len(excerpt.lines))]
    kept = [line for excerpt in excerpts for line in excerpt.lines]
    assert numbers == sorted(set(numbers))
    assert kept == [lines[number - 1].rstrip()[:MAX_LINE_CHARACTERS] for number in numbers]
    assert sum(len(line) + 1 for line in kept if line) <= budget
