"""Calls are permitted by the actions that IAM has for them (shims/permitted_actions.py)."""

from __future__ import annotations

from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

SENDS_A_BATCH = """
    import boto3

    def handler(event, context):
        entries = [{"Id": "1", "MessageBody": "x"}]
        sent = boto3.client("sqs").send_message_batch(QueueUrl=event["queue"], Entries=entries)
        return len(sent["Successful"])
"""


@needs_its_shim
def test_a_batch_may_be_sent_by_whom_sending_is_allowed(either: Emulators) -> None:
    queue = either.client("sqs").create_queue(QueueName="lane")["QueueUrl"]
    either.function("batch-sender", SENDS_A_BATCH, allow("sqs:SendMessage"))

    answer, _ = either.invoke("batch-sender", {"queue": queue})

    assert answer == 1
