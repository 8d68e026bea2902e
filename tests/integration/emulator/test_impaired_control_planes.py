"""Control planes refuse on order and tell what they refused (shims/impaired_control_planes.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.shims import peering
from localstack.shims.impaired_control_planes import ORDER
from tests.integration.emulator.processes import FIRST, Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

DESCRIBES_ITS_QUEUE = """
    import boto3
    from botocore.config import Config

    def handler(event, context):
        sqs = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))
        sqs.send_message(QueueUrl=event["queue"], MessageBody="{}")
        try:
            sqs.list_queues()
        except sqs.exceptions.ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        return "listed"
"""
CHANGES: dict[str, Callable[[Callable[[str], Any]], object]] = {
    "sqs:CreateQueue": lambda client: client("sqs").create_queue(QueueName="late"),
    "dynamodb:UpdateTable": lambda client: client("dynamodb").update_table(TableName="t", BillingMode="PROVISIONED"),
    "lambda:DeleteFunction": lambda client: client("lambda").delete_function(FunctionName="describer"),
    "iam:CreateUser": lambda client: client("iam").create_user(UserName="late"),
    "cloudformation:DeleteStack": lambda client: client("cloudformation").delete_stack(StackName="none"),
    "apigateway:POST": lambda client: client("apigateway").create_rest_api(name="late"),
    "route53:CreateHostedZone": lambda client: client("route53").create_hosted_zone(Name="late.", CallerReference="1"),
}


@needs_its_shim
def test_while_control_planes_refuse_messages_and_invocations_go_on(either: Emulators) -> None:
    url = either.layout.emulator(FIRST).url
    queue = either.client("sqs").create_queue(QueueName="impaired")["QueueUrl"]
    either.function("describer", DESCRIBES_ITS_QUEUE, allow(["sqs:SendMessage", "sqs:ListQueues"]))
    peering.ask(url, ORDER, {"refuse": True})
    try:
        for change in CHANGES.values():
            with pytest.raises(ClientError) as refused:
                change(either.client)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert either.invoke("describer", {"queue": queue})[0] == 503, "a function's reads are refused as well"
        assert either.client("sqs").list_queues()["QueueUrls"], "our own tools may read"
        received = either.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    finally:
        told = peering.ask(url, ORDER, {"refuse": False})["refused"]
    assert [message["Body"] for message in received] == ["{}"]
    assert set(told) == {*CHANGES, "sqs:ListQueues"}
    assert either.client("sqs").create_queue(QueueName="after")
