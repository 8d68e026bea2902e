"""The keys of an installation: one for each Region, used through the services that store, and by no other way."""

import json
from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import pytest

from stacks.naming import keys_of, stacks_of
from tests.stacks.templates import REGIONS, Environment, Template, resolve

ALIAS = "alias/antipode-prod"
SERVICES = ("dynamodb", "s3", "sqs")


def keys_in(environment: Environment, region: str) -> Template:
    return Template(environment.paths[keys_of(region)])


def statements_of(environment: Environment, region: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the statements of a Region's key policy by their ids; that of the account has none."""
    _, key = keys_in(environment, region).only("KMS::Key")
    return {each.get("Sid", ""): each for each in key["KeyPolicy"]["Statement"]}


def groups_let_in(environment: Environment) -> list[str]:
    """Return the names of log groups that the first Region's key is for."""
    groups = statements_of(environment, "us-east-1")["LogsOfThisInstallation"]["Condition"]["ArnLike"]
    (arns,) = groups.values()
    prefix = "arn:<AWS::Partition>:logs:us-east-1:<AWS::AccountId>:log-group:"
    return [resolve(arn).removeprefix(prefix) for arn in arns]


def alias_in(region: str) -> str:
    return f"arn:<AWS::Partition>:kms:{region}:<AWS::AccountId>:{ALIAS}"


@pytest.mark.parametrize("region", REGIONS)
def test_each_region_has_a_key_that_is_renewed_and_can_be_called_back_for_a_month(
    prod: Environment, region: str
) -> None:
    template = keys_in(prod, region)
    assert sorted(each["Type"] for each in template.resources.values()) == ["AWS::KMS::Alias", "AWS::KMS::Key"]
    key_id, key = template.only("KMS::Key")
    assert (key["EnableKeyRotation"], key["PendingWindowInDays"]) == (True, 30)
    kept = template.resources[key_id]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    _, alias = template.only("KMS::Alias")
    assert (alias["AliasName"], resolve(alias["TargetKeyId"])) == (ALIAS, f"<{key_id}.Arn>")


@pytest.mark.parametrize(("region", "peer"), [REGIONS, REGIONS[::-1]])
def test_it_is_used_by_whoever_may_use_what_it_encrypts_and_through_that_service_alone(
    prod: Environment, region: str, peer: str
) -> None:
    statements = statements_of(prod, region)
    assert set(statements) == {"", "ThroughTheServicesThatStore", "LogsOfThisInstallation", "EventsIntoQueues"}
    through = statements["ThroughTheServicesThatStore"]
    assert through["Principal"] == {"AWS": "*"}
    assert through["Condition"] == {
        "StringEquals": {
            "kms:CallerAccount": {"Ref": "AWS::AccountId"},
            "kms:ViaService": [
                *(f"{service}.{region}.amazonaws.com" for service in SERVICES),
                f"s3.{peer}.amazonaws.com",
            ],
        }
    }
    for name, each in statements.items():
        assert name == "" or "Condition" in each, f"{name} would let anybody in"


def test_logs_and_events_may_use_it_for_this_installation_alone(prod: Environment) -> None:
    statements = statements_of(prod, "us-east-1")
    logs, events = statements["LogsOfThisInstallation"], statements["EventsIntoQueues"]
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert groups_let_in(prod) == ["/aws/lambda/antipode-prod-*", "/antipode/prod/*"]
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert events["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.parametrize("stack", ["data", "control"])
def test_each_replica_of_a_table_is_encrypted_by_the_key_of_its_region(prod: Environment, stack: str) -> None:
    _, table = Template(prod.paths[stack]).only("DynamoDB::GlobalTable")
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    keys = {
        each["Region"]: resolve(each["SSESpecification"]["KMSMasterKeyId"]).replace("<AWS::Region>", each["Region"])
        for each in table["Replicas"]
    }
    assert keys == {region: alias_in(region) for region in REGIONS}


def test_queues_buckets_and_logs_are_encrypted_by_the_key_of_their_region(prod: Environment) -> None:
    first = prod.first
    for queue in first.properties("SQS::Queue"):
        assert resolve(queue["KmsMasterKeyId"]).endswith(ALIAS)
        assert queue["KmsDataKeyReusePeriodSeconds"] == 3600
    for bucket in first.properties("S3::Bucket"):
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        assert resolve(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]).endswith(ALIAS)
    groups = list(first.properties("Logs::LogGroup"))
    assert all(resolve(group["KmsKeyId"]).endswith(ALIAS) for group in groups)
    for group in groups:
        name = resolve(group["LogGroupName"])
        assert any(fnmatch(name, pattern) for pattern in groups_let_in(prod)), f"the key's policy shuts {name} out"


def test_without_keys_of_its_own_an_installation_uses_those_of_aws(local: Environment) -> None:
    assert not any(name.startswith("keys-") for name in local.paths)
    _, table = local.data.only("DynamoDB::GlobalTable")
    assert table["SSESpecification"] == {"SSEEnabled": False}
    stacks = ("data", *(stack for region in REGIONS for stack in stacks_of(region)))
    assert ALIAS.split("-")[0] not in json.dumps([Template(local.paths[stack]).body for stack in stacks])
    assert all(queue["SqsManagedSseEnabled"] is True for queue in local.first.properties("SQS::Queue"))
