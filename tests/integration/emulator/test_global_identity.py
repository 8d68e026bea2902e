"""Credentials issued in one Region are good in the other (shims/global_identity.py)."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localstack.layout import GLOBAL
from localstack.shims.global_identity import SECONDS_AN_ANSWER_IS_WAITED_FOR
from tests.eventually import eventually
from tests.integration.emulator.processes import ACCOUNT, FIRST, SECOND, Emulators, allow
from tests.integration.emulator.shim_proof import needs_its_shim

ACTS_ON_THE_PEER = f"""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def handler(event, context):
        table = boto3.client("dynamodb", region_name="{SECOND}", endpoint_url=event["url"],
                             config=Config(retries={{"total_max_attempts": 1}}))
        try:
            return {{"done": getattr(table, event["call"])(**event["arguments"])["ResponseMetadata"]["HTTPStatusCode"]}}
        except ClientError as refused:
            return {{"refused": refused.response["Error"]["Code"], "why": refused.response["Error"]["Message"]}}
"""


def make_table(emulators: Emulators, name: str, region: str) -> str:
    made = emulators.client("dynamodb", region).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return str(made["TableDescription"]["TableArn"])


def act_on_peer(emulators: Emulators, function: str, call: str, **arguments: Any) -> Any:
    event = {"url": emulators.layout.emulator(SECOND).url, "call": call, "arguments": arguments}
    return emulators.invoke(function, event)[0]


@needs_its_shim
def test_a_role_of_one_region_may_do_in_the_other_what_its_policies_allow_and_nothing_else(either: Emulators) -> None:
    table = make_table(either, "across", SECOND)
    either.function("reaches-across", ACTS_ON_THE_PEER, allow("dynamodb:PutItem", table))

    written = act_on_peer(either, "reaches-across", "put_item", TableName="across", Item={"pk": {"S": "a"}})
    read = act_on_peer(either, "reaches-across", "get_item", TableName="across", Key={"pk": {"S": "a"}})

    assert written == {"done": 200}
    assert read["refused"] == "AccessDeniedException"
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/reaches-across/reaches-across" in read["why"]
    assert "dynamodb:GetItem" in read["why"]


@needs_its_shim
def test_a_policy_changed_at_home_arrives_in_the_other_region(either: Emulators) -> None:
    make_table(either, "withdrawn", SECOND)
    either.function("loses-permission", ACTS_ON_THE_PEER, allow("dynamodb:PutItem"))

    def write() -> Any:
        return act_on_peer(either, "loses-permission", "put_item", TableName="withdrawn", Item={"pk": {"S": "a"}})

    assert write() == {"done": 200}
    either.client("iam").delete_role_policy(RoleName="loses-permission", PolicyName="own")
    refusal = eventually(lambda: write().get("refused"), within=60, what="the write is refused")
    assert refusal == "AccessDeniedException"


def test_a_key_that_nobody_issued_is_refused(cloud: Emulators) -> None:
    stranger = cloud.client(
        "dynamodb", SECOND, aws_access_key_id="AKIASTRANGER00000000", aws_secret_access_key="made-up"
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stranger.list_tables()


def test_a_known_key_with_a_wrong_secret_is_refused_in_the_other_region(cloud: Emulators) -> None:
    cloud.client("iam", FIRST).create_user(UserName="forger")
    key = cloud.client("iam", FIRST).create_access_key(UserName="forger")["AccessKey"]["AccessKeyId"]
    forger = cloud.client("dynamodb", SECOND, aws_access_key_id=key, aws_secret_access_key="wrong")
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        forger.list_tables()


def test_a_role_is_enforced_on_what_its_own_function_does_at_home(cloud: Emulators) -> None:
    make_table(cloud, "at-home", FIRST)
    cloud.function("may-only-read", ACTS_ON_THE_PEER.replace(SECOND, FIRST), allow("dynamodb:GetItem"))
    home = {"url": cloud.layout.emulator(FIRST).url}

    read, _ = cloud.invoke(
        "may-only-read", home | {"call": "get_item", "arguments": {"TableName": "at-home", "Key": {"pk": {"S": "a"}}}}
    )
    written, _ = cloud.invoke(
        "may-only-read", home | {"call": "put_item", "arguments": {"TableName": "at-home", "Item": {"pk": {"S": "a"}}}}
    )

    assert read == {"done": 200}
    assert written["refused"] == "AccessDeniedException"


def test_a_silent_process_does_not_delay_who_is_known_elsewhere(cloud: Emulators) -> None:
    make_table(cloud, "undelayed", SECOND)
    cloud.function("not-delayed", ACTS_ON_THE_PEER, allow("dynamodb:PutItem"))
    os.killpg(cloud.running[GLOBAL].pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        written = act_on_peer(cloud, "not-delayed", "put_item", TableName="undelayed", Item={"pk": {"S": "a"}})
        took = time.monotonic() - began
    finally:
        os.killpg(cloud.running[GLOBAL].pid, signal.SIGCONT)

    assert written == {"done": 200}
    assert took < SECONDS_AN_ANSWER_IS_WAITED_FOR
