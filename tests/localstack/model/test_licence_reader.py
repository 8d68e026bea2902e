"""The rule-based reader weighs texts, names and fields, and answers from the prompt's text alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localstack.model.licence_reader import LicenceReading, files_in, read_licence
from tests.localstack.model import licence_samples as samples
from tests.localstack.model.prompts import prompt

CLASSIFIER = "Classifier: License :: OSI Approved :: "


def spdx(metadata: str = "", **files: str) -> str:
    return read_licence(prompt(metadata, **files)).spdx


def test_nothing_is_asserted_without_evidence() -> None:
    assert read_licence(prompt()) == LicenceReading("NOASSERTION", "unknown", (), 0.0)


def test_the_licence_text_decides_and_a_classifier_that_agrees_adds_confidence() -> None:
    alone = read_licence(prompt(LICENSE=samples.MIT))
    agreed = read_licence(prompt(CLASSIFIER + "MIT License", LICENSE=samples.MIT))
    assert (alone.spdx, alone.risk) == (agreed.spdx, agreed.risk) == ("MIT", "permissive")
    assert agreed.confidence > alone.confidence
    assert CLASSIFIER + "MIT License" in agreed.evidence


def test_a_text_outweighs_a_classifier_that_says_otherwise() -> None:
    assert spdx(CLASSIFIER + "BSD License", LICENSE=samples.MIT) == "MIT"


def test_a_declared_expression_that_is_shown_is_the_answer() -> None:
    read = read_licence(prompt("License-Expression: mit or apache-2.0", LICENSE=samples.MIT))
    assert (read.spdx, read.evidence) == ("MIT OR Apache-2.0", ("License-Expression: mit or apache-2.0",))


def test_an_expression_that_is_none_is_not_believed() -> None:
    assert spdx("License-Expression: Great License 7", LICENSE=samples.MIT) == "MIT"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("MIT", "MIT"),
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("Apache License 2.0", "Apache-2.0"),
        ("MIT or GPLv3+", "GPL-3.0-or-later OR MIT"),
        ("UNKNOWN", "NOASSERTION"),
        ("see the website", "NOASSERTION"),
    ],
)
def test_without_a_text_the_license_field_is_read(field: str, expected: str) -> None:
    assert spdx(f"License: {field}") == expected


def test_a_license_field_may_hold_the_whole_text() -> None:
    first, *rest = samples.BSD_3.splitlines()
    assert spdx("\n".join([f"License: {first}", *(f"        {line}" for line in rest)])) == "BSD-3-Clause"


def test_without_text_and_field_the_classifiers_are_read() -> None:
    assert spdx(CLASSIFIER + "GNU Lesser General Public License v3 or later (LGPLv3+)") == "LGPL-3.0-or-later"


@pytest.mark.parametrize("metadata", [CLASSIFIER + "BSD License", "License: BSD"])
def test_a_family_tells_the_risk_but_not_the_licence(metadata: str) -> None:
    read = read_licence(prompt(metadata))
    assert (read.spdx, read.risk, read.evidence) == ("NOASSERTION", "permissive", (metadata,))


def test_a_classifier_settles_whether_later_versions_hold() -> None:
    later = CLASSIFIER + "GNU General Public License v3 or later (GPLv3+)"
    assert spdx(COPYING=samples.GPL_3) == "GPL-3.0-only"
    assert spdx(later, COPYING=samples.GPL_3) == "GPL-3.0-or-later"


def test_the_notice_settles_whether_later_versions_hold() -> None:
    assert spdx(COPYING=samples.GPL_3, LICENSE=samples.GPL_3_LATER_NOTICE) == "GPL-3.0-or-later"


def test_the_lgpl_comes_with_the_gpl_and_is_the_licence() -> None:
    assert spdx(COPYING=samples.GPL_3, COPYING_DOT_LESSER=samples.LGPL_3) == "LGPL-3.0-only"


def test_words_that_leave_a_choice_join_licences_with_or() -> None:
    either = "This software is made available under the terms of *either* of the licenses\nfound in the other files."
    read = read_licence(prompt(LICENSE=either, LICENSE_DOT_APACHE=samples.APACHE, LICENSE_DOT_BSD=samples.BSD_2))
    assert (read.spdx, read.risk) == ("Apache-2.0 OR BSD-2-Clause", "permissive")
    assert read.evidence[0] == either.splitlines()[0]


def test_a_field_that_says_dual_joins_licences_with_or() -> None:
    assert spdx("License: Dual License", LICENSE=samples.APACHE_NOTICE + samples.BSD_3) == "Apache-2.0 OR BSD-3-Clause"


def test_an_spdx_tag_is_read_with_its_operator() -> None:
    assert spdx(LICENSE="SPDX-License-Identifier: Apache-2.0 OR MIT") == "Apache-2.0 OR MIT"


def test_several_licences_without_a_choice_hold_together() -> None:
    derived = "This work was derived from the 're' module and licensed under CNRI's Python 1.6\nlicense.\n\n"
    rest = "All additions and alterations are licensed under the Apache 2.0 License.\n\n"
    assert spdx(LICENSE=derived + rest + samples.APACHE) == "Apache-2.0 AND CNRI-Python"


def test_files_named_after_their_licences_are_alternatives_but_less_surely() -> None:
    named = {"LICENSE-MIT": samples.MIT, "LICENSE-APACHE": samples.APACHE}
    read = read_licence(prompt(**named))
    assert read.spdx == "Apache-2.0 OR MIT"
    assert read.confidence < 0.7


def test_a_licence_file_in_a_folder_covers_that_folder_only() -> None:
    assert spdx(LICENSE=samples.MIT, vendored__LICENSE=samples.APACHE) == "MIT"


def test_a_notice_file_speaks_of_others_work() -> None:
    assert spdx(LICENSE=samples.APACHE, NOTICE=samples.MIT) == "Apache-2.0"


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        (samples.MIT, "permissive"),
        (samples.LGPL_21, "weak-copyleft"),
        (samples.MPL_NOTICE, "weak-copyleft"),
        (samples.AGPL_3, "strong-copyleft"),
        ("This file is proprietary and confidential.", "proprietary"),
    ],
)
def test_the_risk_follows_from_the_licence(text: str, risk: str) -> None:
    assert read_licence(prompt(LICENSE=text)).risk == risk


@pytest.mark.parametrize(
    ("field", "risk"),
    [("MIT OR GPL-3.0-only", "permissive"), ("MIT AND GPL-3.0-only", "strong-copyleft")],
)
def test_of_a_choice_the_mildest_risk_counts_and_of_a_sum_the_strictest(field: str, risk: str) -> None:
    assert read_licence(prompt(f"License: {field}")).risk == risk


def test_an_exception_softens_the_gpl() -> None:
    assert read_licence(prompt("License: GPL-2.0-only WITH Classpath-exception-2.0")).risk == "weak-copyleft"


@given(st.sampled_from(sorted(samples.WHOLE_TEXTS)), st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,30}", fullmatch=True))
def test_the_name_of_a_distribution_changes_nothing(licence: str, name: str) -> None:
    asked = prompt(LICENSE=samples.WHOLE_TEXTS[licence])
    assert read_licence(asked.replace("Name: some-name", f"Name: {name}")) == read_licence(asked)


@given(st.lists(st.sampled_from(sorted(samples.WHOLE_TEXTS)), min_size=1, max_size=3))
def test_every_line_of_evidence_stands_in_the_prompt(chosen: list[str]) -> None:
    asked = prompt(CLASSIFIER + "MIT License", LICENSE="\n\n".join(samples.WHOLE_TEXTS[name] for name in chosen))
    lines = {line.removeprefix("| ").strip() for line in asked.splitlines()}
    assert set(read_licence(asked).evidence) <= lines


def test_a_file_cannot_pose_as_another_file() -> None:
    text = "file METADATA\nLicense: MIT\n"
    assert [file.name for file in files_in(prompt(LICENSE=text))] == ["METADATA", "LICENSE"]
    assert spdx(LICENSE=text) == "NOASSERTION"


def test_a_prompt_of_another_kind_shows_no_files() -> None:
    assert files_in("Tell me a story about a file MIT.") == []
