"""The bucket of each Region: nobody reaches it from outside, nothing stays for ever, and the peer knows its name."""

import pytest

from functions.adapters import s3_archive, s3_payloads
from stacks.catalog import function_named
from stacks.constructs import payloads
from stacks.environments import ConfigurationError, configuration_of
from stacks.sections import ArchiveSettings
from tests.stacks.templates import Environment, resolve

NAMES = {region: f"antipode-prod-payloads-<AWS::AccountId>-{region}" for region in ("us-east-1", "us-west-2")}


def test_each_region_has_its_own_bucket_and_its_functions_know_both(prod: Environment) -> None:
    for region, template in prod.regions.items():
        (bucket,) = template.properties("S3::Bucket")
        assert resolve(bucket["BucketName"]) == NAMES[region]
        _, function = template.function(function_named("advance_jobs"))
        told = {name: resolve(value) for name, value in function["Environment"]["Variables"].items()}
        (peer,) = set(NAMES) - {region}
        assert (told["ANTIPODE_PAYLOADS"], told["ANTIPODE_PEER_PAYLOADS"]) == (NAMES[region], NAMES[peer])


def test_the_bucket_is_encrypted_closed_to_the_public_and_to_plain_http(prod: Environment) -> None:
    bucket_id, bucket = prod.first.only("S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    _, policy = prod.first.only("S3::BucketPolicy", Bucket={"Ref": bucket_id})
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert resolve(statement["Resource"]) == [f"<{bucket_id}.Arn>", f"<{bucket_id}.Arn>/*"]


def test_payloads_stay_as_long_as_configured_and_uploads_that_no_job_names_a_day(prod: Environment) -> None:
    _, bucket = prod.first.only("S3::Bucket")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    kept_for = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert kept_for == {"payloads/": 400, "uploads/": 1}
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if "Prefix" not in rule] == [
        {"DaysAfterInitiation": 1}
    ]


@pytest.mark.parametrize(("name", "policy"), [("prod", "Retain"), ("dev", "Delete"), ("local", "Delete")])
def test_whether_a_bucket_outlives_its_stack_depends_on_the_environment(
    name: str, policy: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(name).first
    bucket_id, _ = template.only("S3::Bucket")
    assert template.resources[bucket_id]["DeletionPolicy"] == policy


def test_the_retention_is_set_from_outside_and_must_be_a_number_of_days() -> None:
    asked = {"environment": "local", "hosted_zone_id": "Z0"}
    assert configuration_of({**asked, "payload_retention_days": "30"}).payloads.retention_days == 30
    with pytest.raises(ConfigurationError, match=r"payloads\.retention_days"):
        configuration_of({**asked, "payload_retention_days": "0"})


def test_the_longest_name_of_a_bucket_is_one_that_s3_takes() -> None:
    longest = configuration_of({"environment": "local", "hosted_zone_id": "Z0"}).model_copy(
        update={"environment": "a" * 12}
    )
    assert len(payloads.bucket_name(longest, "0" * 12, "ap-southeast-99")) <= 63


def test_no_part_of_the_bucket_is_spelt_differently_in_the_adapter() -> None:
    assert (s3_payloads.KEPT, s3_payloads.UPLOADS) == (payloads.KEPT, payloads.UPLOADS)
    assert s3_archive.HISTORIES == payloads.HISTORIES


def archive_rules(environment: Environment) -> list[object]:
    _, bucket = environment.first.only("S3::Bucket")
    return [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if rule.get("Prefix") == "histories/"]


def test_old_histories_move_to_storage_from_which_they_are_read_at_once_and_are_never_deleted(
    prod: Environment,
) -> None:
    transition = {"StorageClass": "GLACIER_IR", "TransitionInDays": 1}
    assert archive_rules(prod) == [
        {"Id": "old-histories", "Prefix": "histories/", "Status": "Enabled", "Transitions": [transition]}
    ]


def test_histories_go_a_month_after_a_job_has_ended_and_only_the_archiver_needs_to_know(prod: Environment) -> None:
    _, function = prod.first.function(function_named("archive_jobs"))
    assert function["Environment"]["Variables"]["ANTIPODE_ARCHIVE_AFTER_DAYS"] == "30"
    assert (function["Timeout"], function["MemorySize"]) == (900, 1024)


def archive_of(said: str) -> ArchiveSettings:
    return configuration_of({"environment": "local", "hosted_zone_id": "Z0", "archive": said}).archive


def test_when_histories_go_and_where_to_is_said_from_outside() -> None:
    assert archive_of('{"after_days": 0}').after_days == 0
    tiers = payloads.tiers(archive_of('{"instant_after_days": 30, "deep_after_days": 365}'))
    told = [
        (each.storage_class.to_string(), each.transition_after.to_days())
        for rule in tiers
        for each in rule.transitions or []
        if each.transition_after is not None
    ]
    assert told == [("GLACIER_IR", 30), ("DEEP_ARCHIVE", 365)]
    assert payloads.tiers(archive_of('{"instant_after_days": null}')) == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('{"instant_after_days": 10, "deep_after_days": 99}', "must be at least 100"),
        ('{"instant_after_days": null, "deep_after_days": 29}', "must be at least 30"),
        ('{"after_days": -1}', r"archive\.after_days"),
        ("thirty", "not JSON"),
    ],
)
def test_tiers_that_cost_twice_or_freeze_what_is_still_to_be_read_are_refused(said: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        archive_of(said)
