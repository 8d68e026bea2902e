"""While a Region is deployed: finds the stream of its replica, whose name AWS makes up when it makes the replica."""

from typing import Any

from functions.adapters.custom_resource import answer_cloudformation
from functions.bootstrap import runtime


def handle(event: dict[str, Any], context: object) -> None:
    """Lambda's entry point."""
    answer_cloudformation(event, runtime().log, lambda: {"StreamArn": runtime().stream_arn()})
