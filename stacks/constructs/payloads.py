"""One Region's bucket: for values too large for the table, for what clients upload, and for old histories.

Its name is made, not chosen by CloudFormation, so that the peer knows it without a reference between the Regions.
"""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk.aws_s3 import BlockPublicAccess, Bucket, LifecycleRule, ObjectOwnership, StorageClass, Transition
from constructs import Construct

from stacks.config import Configuration
from stacks.constructs.acknowledged import acknowledge
from stacks.constructs.keys import encryption_of_bucket, own_key
from stacks.sections import ArchiveSettings

#: Where in the bucket lies what is kept, and what clients have uploaded (`functions/adapters/s3_payloads.py`).
KEPT, UPLOADS = "payloads", "uploads"
#: And where old histories (`functions/adapters/s3_archive.py`).
HISTORIES = "histories"


def bucket_name(configuration: Configuration, account: str, region: str) -> str:
    """Return the name of a Region's bucket: with the account in it, since bucket names are one space for all of AWS."""
    return f"{configuration.prefix}-payloads-{account}-{region}"


class PayloadBucket(Construct):
    """The bucket. Not versioned: an object is named by its content, so no write of one can change it."""

    def __init__(self, scope: Construct, name: str, *, configuration: Configuration, region: str) -> None:
        super().__init__(scope, name)
        self.bucket = Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name(configuration, Stack.of(self).account, region),
            **encryption_of_bucket(own_key(self, configuration)),
            enforce_ssl=True,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                LifecycleRule(
                    id="kept-for-as-long-as-jobs-may-need-them",
                    prefix=f"{KEPT}/",
                    expiration=Duration.days(configuration.payloads.retention_days),
                ),
                LifecycleRule(id="uploads-that-no-job-names", prefix=f"{UPLOADS}/", expiration=Duration.days(1)),
                *tiers(configuration.archive),
                LifecycleRule(id="uploads-that-stopped", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
            removal_policy=RemovalPolicy.RETAIN if configuration.protection.retain else RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.bucket,
            "S1",
            "Only functions reach it, by their roles or by addresses that they sign for minutes; each logs its call. "
            "Who must prove every read turns on CloudTrail's data events, which say more than an access log.",
        )


def tiers(settings: ArchiveSettings) -> list[LifecycleRule]:
    """Return the rule by which old histories move to slower storage. They are never deleted."""
    classes = (
        (StorageClass.GLACIER_INSTANT_RETRIEVAL, settings.instant_after_days),
        (StorageClass.DEEP_ARCHIVE, settings.deep_after_days),
    )
    transitions = [
        Transition(storage_class=storage, transition_after=Duration.days(days))
        for storage, days in classes
        if days is not None
    ]
    if not transitions:
        return []
    return [LifecycleRule(id="old-histories", prefix=f"{HISTORIES}/", transitions=transitions)]
