"""A stack is complete when its request is answered (shims/prompt_stacks.py)."""

from __future__ import annotations

import json

from tests.integration.emulator.processes import Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


@needs_its_shim
def test_a_stack_is_complete_at_the_first_look(either: Emulators) -> None:
    cloudformation = either.client("cloudformation")
    # The emulator works on resources of this kind on another thread, so its answer does not wait for them by chance.
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    waiting = {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1"},  # nobody signals: it fails after a second
    }

    template = {"Resources": {"Handle": handle, "Waiting": waiting}}
    cloudformation.create_stack(StackName="prompt", TemplateBody=json.dumps(template))

    (stack,) = cloudformation.describe_stacks(StackName="prompt")["Stacks"]
    assert not stack["StackStatus"].endswith("_IN_PROGRESS"), stack["StackStatus"]
