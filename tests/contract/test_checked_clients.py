"""The clients of the contract tests see what those of a worker do not look for."""

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from functions.adapters.aws_clients import AwsClients


@pytest.mark.parametrize("item", [{"pk": "a job"}, {"pk": {"S": 1}}, {"pk": {"Text": "a job"}}, None])
def test_a_call_that_does_not_fit_the_service_model_fails_its_contract_test(clients: AwsClients, item: Any) -> None:
    with pytest.raises(ParamValidationError):
        clients.state().put_item(TableName="any-table", Item=item)
