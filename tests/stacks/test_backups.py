"""The daily backups: in each Region of its own replica, a copy of each in the peer, and failures told."""

import pytest

from stacks.environments import ConfigurationError, configuration_of
from tests.stacks.templates import Environment, resolve
from tests.stacks.variants import LOCAL, PRODUCTION

TABLE = "arn:<AWS::Partition>:dynamodb:{}:<AWS::AccountId>:table/antipode-prod"


def test_each_region_backs_its_replica_up_daily_into_its_own_vault_and_copies_it_into_the_peers(
    prod: Environment,
) -> None:
    for region, template in prod.regions.items():
        (peer,) = set(prod.regions) - {region}
        vault_id, vault = template.only("Backup::BackupVault")
        _, plan = template.only("Backup::BackupPlan")
        (rule,) = plan["BackupPlan"]["BackupPlanRule"]
        (copy,) = rule["CopyActions"]
        assert vault["BackupVaultName"] == "antipode-prod"
        assert resolve(rule["TargetBackupVault"]) == f"<{vault_id}.BackupVaultName>"
        assert rule["ScheduleExpression"] == "cron(0 5 * * ? *)"
        assert resolve(copy["DestinationBackupVaultArn"]) == (
            f"arn:<AWS::Partition>:backup:{peer}:<AWS::AccountId>:backup-vault:antipode-prod"
        )
        assert rule["Lifecycle"] == copy["Lifecycle"] == {"DeleteAfterDays": 35}
        _, selection = template.only("Backup::BackupSelection")
        assert [resolve(each) for each in selection["BackupSelection"]["Resources"]] == [TABLE.format(region)]


def test_backups_are_encrypted_with_a_key_of_their_region_that_is_renewed(prod: Environment) -> None:
    vault_id, vault = prod.first.only("Backup::BackupVault")
    key_id, key = prod.first.only("KMS::Key")
    assert resolve(vault["EncryptionKeyArn"]) == f"<{key_id}.Arn>"
    assert key["EnableKeyRotation"] is True
    assert {prod.first.resources[each]["DeletionPolicy"] for each in (vault_id, key_id)} == {"Retain"}


def test_who_restores_finds_the_role_of_the_backups_by_its_name(prod: Environment) -> None:
    for region, template in prod.regions.items():
        _, role = template.only("IAM::Role", RoleName=f"antipode-prod-backups-{region}")
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
        assert [resolve(each).rpartition("/")[2] for each in role["ManagedPolicyArns"]] == [
            "AWSBackupServiceRolePolicyForBackup",
            "AWSBackupServiceRolePolicyForRestores",
        ]


def test_a_backup_or_a_copy_that_fails_is_told_to_whoever_hears_the_alarms(prod: Environment) -> None:
    topic_id, _ = prod.first.only("SNS::Topic")
    _, rule = prod.first.only("Events::Rule", Name="antipode-prod-backup-failures")
    pattern = rule["EventPattern"]
    assert pattern["source"] == ["aws.backup"]
    assert pattern["detail-type"] == ["Backup Job State Change", "Copy Job State Change"]
    assert "FAILED" in pattern["detail"]["state"]
    assert [resolve(each) for each in pattern["detail"]["resourceArn"]] == [TABLE.format("us-east-1")]
    assert [resolve(target["Arn"]) for target in rule["Targets"]] == [f"<{topic_id}>"]
    _, policy = prod.first.only("SNS::TopicPolicy")
    allowed = [statement["Principal"] for statement in policy["PolicyDocument"]["Statement"]]
    assert {"Service": "events.amazonaws.com"} in allowed


@pytest.mark.parametrize("name", ["dev", "local"])
def test_an_environment_that_nothing_hangs_on_has_none(name: str, request: pytest.FixtureRequest) -> None:
    template = request.getfixturevalue(name).first
    assert list(template.each("Backup::BackupVault")) == list(template.each("KMS::Key")) == []


def test_how_long_backups_are_kept_is_set_from_outside_and_must_be_a_number_of_days() -> None:
    kept = configuration_of({**PRODUCTION, "backup_keep_days": "90"}).backups
    assert kept is not None
    assert kept.keep_days == 90
    assert configuration_of(LOCAL).backups is None
    with pytest.raises(ConfigurationError, match=r"backups\.keep_days"):
        configuration_of({**PRODUCTION, "backup_keep_days": "0"})
