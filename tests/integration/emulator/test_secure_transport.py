"""Requests count as encrypted (shims/secure_transport.py)."""

from __future__ import annotations

import json

from tests.integration.emulator.processes import Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

WRITES_AN_OBJECT = """
    import boto3

    def handler(event, context):
        boto3.client("s3").put_object(Bucket=event["bucket"], Key="asset", Body=b"x")
        return "written"
"""


@needs_its_shim
def test_a_bucket_that_refuses_plain_http_can_be_written(either: Emulators) -> None:
    s3 = either.client("s3")
    s3.create_bucket(Bucket="assets")
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::assets/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="assets", Policy=json.dumps({"Version": "2012-10-17", "Statement": [refusal]}))
    either.function("asset-writer", WRITES_AN_OBJECT, allow("s3:PutObject"))

    answer, _ = either.invoke("asset-writer", {"bucket": "assets"})

    assert answer == "written"
