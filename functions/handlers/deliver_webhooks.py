"""Webhooks: events off the bus and deliveries that are due, a batch at once."""

import asyncio
from typing import Any

from functions.adapters.sqs_deliveries import deliver_batch
from functions.bootstrap import runtime


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return asyncio.run(deliver_batch(event["Records"], runtime().deliver_webhooks.work_on, runtime().log))
