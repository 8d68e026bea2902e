"""A call is permitted by the action that IAM has for it, which is not always the operation's own name.

The emulator asks for an action of the operation's name. IAM knows no `sqs:SendMessageBatch` and no `bedrock:Converse`:
a policy that is right on AWS would permit nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

_ACTION = Target("core.iam_actions", "extract_iam_action", "ec476b92d969822b")
_PERMITTED_BY = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def install(_: Neighbourhood) -> None:
    wrap(_ACTION, _naming_actions_that_exist)


def _naming_actions_that_exist(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    def extract_iam_action(*arguments: Any) -> str | None:
        action = extract(*arguments)
        return _PERMITTED_BY.get(action, action) if action else action

    return extract_iam_action
