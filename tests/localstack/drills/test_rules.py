"""Each rule that a drill guards is in the code, once, and the bound that its absence breaks is one of its drill's."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from localstack.drills.local_release import NotInTheCode, bundle_with
from localstack.drills.rules import RULES, HealthCheckDisabled, Rule
from localstack.drills.stories import DRILLS
from stacks.catalog import FUNCTIONS
from tests.architecture.sources import CHECKOUT


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_stands_once_in_the_code_and_can_be_taken_out(rule: Rule) -> None:
    if isinstance(rule.off, HealthCheckDisabled):
        return
    for file, changes in rule.off.changes.items():
        text = (CHECKOUT / file).read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{file} has changed: say in localstack/drills/rules.py how {rule.name} goes"
            compile(text.replace(old, new), file, "exec")
    rows = {row.name.replace("_", "-") for row in FUNCTIONS}
    assert set(rule.off.functions) <= rows


@pytest.mark.parametrize(("rule", "drill"), [(rule, drill) for rule in RULES for drill in rule.breaks])
def test_what_a_rule_breaks_is_a_bound_of_the_drill_that_guards_it(rule: Rule, drill: str) -> None:
    assert any(rule.breaks[drill] in bound.text for bound in DRILLS[drill].bounds)


def test_each_drill_guards_a_rule_whose_absence_breaks_it() -> None:
    guarded = [drill for rule in RULES for drill in rule.breaks]
    assert sorted(guarded) == sorted(DRILLS)


def test_a_bundle_is_built_with_pieces_replaced_and_without_what_was_compiled_of_them(tmp_path: Path) -> None:
    compiled = tmp_path / "functions" / "__pycache__"
    compiled.mkdir(parents=True)
    (tmp_path / "functions" / "rule.py").write_text("HOLDS = True\n")
    (tmp_path / "functions" / "other.py").write_text("OTHER = 1\n")
    for name in ("rule", "other"):
        (compiled / f"{name}.cpython-311.pyc").write_bytes(b"")
    packed = bundle_with({"functions/rule.py": [("True", "False")]}, tmp_path)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("functions/rule.py") == b"HOLDS = False\n"
        assert sorted(archive.namelist()) == [
            "functions/__pycache__/other.cpython-311.pyc",
            "functions/other.py",
            "functions/rule.py",
        ]
    with pytest.raises(NotInTheCode, match="0 times"):
        bundle_with({"functions/rule.py": [("no such text", "")]}, tmp_path)
