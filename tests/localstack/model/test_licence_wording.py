"""The tables of wording hold only what an SPDX parser knows, and classify it as the licence review does."""

from __future__ import annotations

import re

import pytest

from functions.agents.licence_review import normal_expression
from functions.agents.licence_review import risk_of as risk_by_licence_index
from localstack.model.licence_wording import CLASSIFIERS, NAMES, TEXTS, risk_of

WITHOUT_SUFFIX = re.compile(r"A?L?GPL-\d\.\d|GFDL-\d\.\d")


def completed(spdx: str) -> str:
    """The reader completes a GNU licence with what the notice says."""
    return f"{spdx}-only" if WITHOUT_SUFFIX.fullmatch(spdx) else spdx


IDS = sorted(
    {completed(variant.spdx) for family in TEXTS for variant in family.variants}
    | {spdx for spdx, _ in NAMES if not spdx.endswith("-*")}
    | {spdx for spdx in CLASSIFIERS.values() if not spdx.endswith("-*")}
)


@pytest.mark.parametrize("spdx", IDS)
def test_each_id_is_an_spdx_licence_in_its_normal_spelling(spdx: str) -> None:
    assert normal_expression(spdx) == spdx


@pytest.mark.parametrize("spdx", [spdx for spdx in IDS if not spdx.startswith("LicenseRef-")])
def test_each_licence_has_the_risk_class_that_the_licence_index_gives_it(spdx: str) -> None:
    assert risk_of(spdx) == risk_by_licence_index(spdx)


@pytest.mark.parametrize("pattern", [pattern for family in TEXTS for pattern in (family.start, family.end)])
def test_patterns_are_written_for_folded_text(pattern: str) -> None:
    literal = re.sub(r"\\.", "", pattern)
    assert literal == literal.lower()
    assert "  " not in literal
