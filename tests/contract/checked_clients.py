"""Clients that check each call against AWS's own service model, which a worker's leave to the tests for their speed."""

from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from functions.adapters.aws_clients import AwsClients


class CheckedClients(AwsClients):
    """The same clients. Every method of theirs raises ParamValidationError for what does not fit the model."""

    def _make(self, *args: Any) -> Any:
        client = super()._make(*args)
        client.meta.events.register_last("before-parameter-build.*.*", _check)
        return client


def _check(params: dict[str, Any], model: OperationModel, **_: object) -> None:
    if model.input_shape is not None:
        report = ParamValidator().validate(params, model.input_shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
