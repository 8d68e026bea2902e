"""cfn-lint knows every property of every resource type: it finds no error and nothing but one kind of warning.

The twins test lets one Region's template of an environment stand for both; it is checked against both Regions.
"""

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from stacks.naming import stacks_of
from tests.in_depth import some_of
from tests.stacks.templates import REGIONS, Environment

#: "Dependency already enforced": the CDK writes DependsOn for each role's policy, and adds the role itself.
HARMLESS = ["W3005"]


@pytest.mark.parametrize(
    ("variant", "stack"),
    [
        *(("prod", stack) for stack in ("keys-us-east-1", "data", "control", *stacks_of("us-east-1"))),
        *(("local", stack) for stack in some_of(("data", *stacks_of("us-west-2")), every=4)),
    ],
)
def test_a_template_has_no_error(variant: str, stack: str, request: pytest.FixtureRequest) -> None:
    environment: Environment = request.getfixturevalue(variant)
    text = environment.paths[stack].read_text("utf-8")
    found = lint(text, config=ManualArgs(regions=list(REGIONS), ignore_checks=HARMLESS))
    assert [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found] == []


def test_an_error_would_be_found(prod: Environment) -> None:
    text = prod.paths["data"].read_text("utf-8")
    broken = text.replace("PAY_PER_REQUEST", "PAY_PER_WISH")
    assert broken != text
    assert any(match.rule.severity == "error" for match in lint(broken, config=ManualArgs(regions=list(REGIONS))))
