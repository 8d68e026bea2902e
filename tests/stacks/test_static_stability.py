"""A Region is lost and nobody needs a control plane: no function may even ask one.

That jobs are adopted while every control plane refuses, tests/drills/test_telling_drills.py shows.
"""

import pytest

from localstack.shims.impaired_control_planes import DATA_PLANE, is_data_plane
from stacks.catalog import Deployment, function_named
from tests.stacks.templates import ROWS, Environment, as_list

#: What roles allow beside the data plane, and who: Lambda's own pollers and log writers use the function's role.
ALLOWED_BESIDE = {
    "dynamodb:DescribeTable": "find_stream, which CloudFormation calls while a Region is deployed and nobody else ever",
}


def actions_of(environment: Environment, name: str) -> set[str]:
    """Return every action that a function's role allows, on whatever."""
    statements = environment.first.statements_of(function_named(name))
    return {action for statement in statements for action in as_list(statement["Action"])}


@pytest.mark.parametrize("name", ROWS)
def test_no_role_allows_anything_of_a_control_plane(name: str, prod: Environment) -> None:
    beside = {action for action in actions_of(prod, name) if not is_data_plane(action)}
    if isinstance(function_named(name).trigger, Deployment):
        assert beside <= set(ALLOWED_BESIDE)
    else:
        assert beside == set()


def test_each_exception_is_made_by_somebody(prod: Environment) -> None:
    assert set(ALLOWED_BESIDE) <= set().union(*(actions_of(prod, name) for name in ROWS))


@pytest.mark.parametrize(
    "action",
    [
        "lambda:UpdateFunctionConfiguration",
        "lambda:PutFunctionConcurrency",
        "route53:ChangeResourceRecordSets",
        "sqs:CreateQueue",
        "sqs:SetQueueAttributes",
        "dynamodb:UpdateTable",
        "cloudformation:CreateStack",
        "apigateway:PATCH",
        "iam:PassRole",
        "events:PutRule",
        "*",
        "dynamodb:*",
    ],
)
def test_a_control_plane_s_action_would_be_found(action: str) -> None:
    assert not is_data_plane(action)
    assert not any("*" in operation for operations in DATA_PLANE.values() for operation in operations)
