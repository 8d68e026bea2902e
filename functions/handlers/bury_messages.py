"""The queues of the lanes' dead letters: each message is put on its tenant's list, where people see it."""

from typing import Any

from functions.adapters.process_loop import run_to_end
from functions.adapters.sqs_dead_messages import bury_batch
from functions.bootstrap import runtime
from functions.redriving import redriving


def handle(event: dict[str, Any], context: object) -> dict[str, list[dict[str, str]]]:
    """Lambda's entry point."""
    return {"batchItemFailures": run_to_end(bury_batch(event["Records"], redriving().bury_message.bury, runtime().log))}
