"""cdk-nag's AwsSolutions rules hold, or say where and why not; nothing is suppressed that needs no suppressing."""

from typing import Any

import pytest

from tests.stacks.templates import Environment
from tests.stacks.variants import INSPECTED

INSPECTED_NAMES = sorted(INSPECTED)


@pytest.mark.parametrize("name", INSPECTED_NAMES)
def test_no_rule_is_broken_without_an_acknowledgment(written: dict[str, Any], name: str) -> None:
    assert Environment(written[name]).findings["unsuppressed"] == []


@pytest.mark.parametrize("name", INSPECTED_NAMES)
def test_each_acknowledgment_stands_for_a_rule_that_is_broken_there(written: dict[str, Any], name: str) -> None:
    findings = Environment(written[name]).findings
    assert findings["broken"], "cdk-nag did not look"
    idle = [
        f"{said['construct']}: {said['rule']}"
        for said in findings["acknowledged"]
        if not any(
            broken["rule"] == said["rule"] and broken["construct"].startswith(f"{said['construct']}/")
            for broken in findings["broken"]
        )
    ]
    assert idle == []
