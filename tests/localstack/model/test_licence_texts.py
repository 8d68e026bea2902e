"""Licences are recognised by the words of their texts and by their names in prose."""

from __future__ import annotations

import pytest

from localstack.model.licence_texts import GAP, TextReading, names_in, read_text
from tests.localstack.model import licence_samples as samples


def reading(*texts: str) -> TextReading:
    return read_text("\n\n".join(texts).splitlines())


def licences(*texts: str, part: bool = False) -> list[str]:
    return [item.spdx for item in reading(*texts).found if item.part is part]


@pytest.mark.parametrize("spdx", samples.WHOLE_TEXTS)
def test_a_licence_is_known_by_its_own_text_and_by_no_other(spdx: str) -> None:
    assert set(licences(samples.WHOLE_TEXTS[spdx])) == {spdx}


@pytest.mark.parametrize("spdx", samples.WHOLE_TEXTS)
def test_a_text_is_known_however_its_lines_are_broken_and_indented(spdx: str) -> None:
    words = samples.WHOLE_TEXTS[spdx].split()
    rewrapped = ["    " + " ".join(words[start : start + 7]) for start in range(0, len(words), 7)]
    assert {item.spdx for item in read_text(rewrapped).found} == {spdx}


def test_the_line_that_shows_a_licence_is_the_one_where_its_text_begins() -> None:
    (found,) = reading("A preamble.", samples.MIT).found
    assert found.line == "Permission is hereby granted, free of charge, to any person obtaining a copy"


def test_the_words_of_a_grant_do_not_join_across_a_gap() -> None:
    lines = ["Permission is hereby granted, free of charge,", GAP, "to any person obtaining a copy"]
    assert read_text(lines).found == ()


@pytest.mark.parametrize(
    ("phrase", "spdx"),
    [
        ("apache license 2.0", ["Apache-2.0"]),
        ("apache-2.0", ["Apache-2.0"]),
        ("apache software license, version 2.0", ["Apache-2.0"]),
        ("bsd 2-clause license", ["BSD-2-Clause"]),
        ("the 3-clause bsd license", ["BSD-3-Clause"]),
        ("new bsd license", ["BSD-3-Clause"]),
        ("bsd", ["BSD-*"]),
        ("bsd-3-clause", ["BSD-3-Clause"]),
        ("0bsd", ["0BSD"]),
        ("the mit license (mit)", ["MIT"]),
        ("mit-0", ["MIT-0"]),
        ("mit or apache-2.0", ["MIT", "Apache-2.0"]),
        ("mozilla public license, v. 2.0", ["MPL-2.0"]),
        ("gplv3+", ["GPL-3.0-or-later"]),
        ("gnu gpl v2", ["GPL-2.0-only"]),
        ("lgpl-2.1-or-later", ["LGPL-2.1-or-later"]),
        ("gnu lesser general public license v3 or later (lgplv3+)", ["LGPL-3.0-or-later", "LGPL-3.0-or-later"]),
        ("gnu affero general public license version 3", ["AGPL-3.0-only"]),
        ("psfl", ["PSF-2.0"]),
        ("isc license", ["ISC"]),
        ("the unlicense", ["Unlicense"]),
        ("a permit from the commission", []),
        ("bsdtar and gplot are programs", []),
    ],
)
def test_a_name_in_prose_means_its_licence(phrase: str, spdx: list[str]) -> None:
    assert [name for name, _ in names_in(phrase)] == spdx


def test_an_spdx_tag_is_read() -> None:
    assert licences("# SPDX-License-Identifier: Apache-2.0 OR MIT") == ["Apache-2.0", "MIT"]


def test_a_notice_that_allows_later_versions_is_told_from_the_licence_that_only_explains_how_to() -> None:
    assert reading(samples.GPL_3).later is None
    assert licences(samples.GPL_3_LATER_NOTICE) == ["GPL-3.0-or-later"]
    assert reading(samples.GPL_3_LATER_NOTICE).later is not None


def test_version_2_or_3_of_a_licence_is_no_choice_among_licences() -> None:
    assert reading(samples.GPL_3_LATER_NOTICE).choice is None


@pytest.mark.parametrize(
    "words",
    [
        "This software is made available under the terms of *either* of the licenses found in A or B.",
        "This project is dual-licensed under the ISC and MIT licenses.",
        "You may use it under the MIT or the Apache license, at your option.",
    ],
)
def test_words_that_leave_a_choice_are_found(words: str) -> None:
    assert reading(words).choice


@pytest.mark.parametrize(
    "words",
    [
        "Portions of this library come from elsewhere and are licensed as follows.",
        "Files under vendor/ are licensed under the following license.",
        "This distribution includes code by others:",
        "Patches that were taken from another project are licensed as:",
    ],
)
def test_a_licence_introduced_for_a_part_covers_only_that_part(words: str) -> None:
    both = (samples.MIT, words, samples.BSD_3)
    assert licences(*both) == ["MIT"]
    assert licences(*both, part=True) == ["BSD-3-Clause"]


def test_the_stack_of_old_python_licences_is_one_licence() -> None:
    assert licences(samples.PSF, samples.BEOPEN, samples.CNRI, samples.HPND) == ["Python-2.0"]


def test_the_stack_is_the_psf_licence_where_the_text_says_so() -> None:
    stated = "Python software is licensed under the\nPython Software Foundation License Version 2."
    assert licences(stated, samples.PSF, samples.BEOPEN, samples.CNRI) == ["PSF-2.0"]


def test_a_licence_of_earlier_days_is_not_the_licence() -> None:
    assert licences("It was previously distributed under the GNU General Public License v2.", samples.MIT) == ["MIT"]


def test_a_text_that_keeps_all_rights_is_proprietary() -> None:
    assert licences("Copyright 2020 X. Unauthorized copying of this file is strictly prohibited.") == [
        "LicenseRef-Proprietary"
    ]


def test_a_text_without_a_licence_shows_none() -> None:
    assert reading("Thanks to all who took part.", "See the website.") == TextReading(())
