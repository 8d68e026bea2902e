"""How what is stored is encrypted: by the Region's own key, where the installation has one, else by AWS's.

The key itself is in `stacks/keys_stack.py`. It is named by its alias: a reference would tie stacks to one another.
"""

from typing import NotRequired, TypedDict

from aws_cdk import Aws, Duration
from aws_cdk.aws_dynamodb import TableEncryptionV2
from aws_cdk.aws_kms import Alias, IKey
from aws_cdk.aws_s3 import BucketEncryption
from aws_cdk.aws_sqs import CfnQueue, Queue
from constructs import Construct

from stacks.config import Configuration

#: For so long a queue uses a data key before it asks for the next: what it asks for is paid for.
DATA_KEY_FOR = Duration.hours(1)


class OfBucket(TypedDict):
    """Arguments of Bucket."""

    encryption: BucketEncryption
    encryption_key: NotRequired[IKey]
    bucket_key_enabled: NotRequired[bool]


def alias_name(configuration: Configuration) -> str:
    """Return the name of each Region's key: the same in both."""
    return f"alias/{configuration.prefix}"


def own_key(scope: Construct, configuration: Configuration) -> IKey | None:
    """Return the key of the Region of the scope's stack, or None where AWS's keys are used."""
    if configuration.customer_keys == "off":
        return None
    return Alias.from_alias_name(scope, "OwnKey", alias_name(configuration))


def encrypt_queue(queue: Queue, key: IKey | None) -> None:
    """Have a queue that SQS encrypts by itself be encrypted by this key instead.

    Behind the CDK's back: of a queue that it knows to have a key it lets any rule of EventBridge send to it, and not
    just the one that is to (so that a key's policy may name the rule, which ours does not).
    """
    if key is None:
        return
    resource = queue.node.default_child
    assert isinstance(resource, CfnQueue)
    resource.sqs_managed_sse_enabled = None
    resource.kms_master_key_id = key.key_arn
    resource.kms_data_key_reuse_period_seconds = DATA_KEY_FOR.to_seconds()


def encryption_of_bucket(key: IKey | None) -> OfBucket:
    """Return how a bucket is encrypted: with a key of the bucket's own below the Region's, which asks for it seldom."""
    if key is None:
        return OfBucket(encryption=BucketEncryption.S3_MANAGED)
    return OfBucket(encryption=BucketEncryption.KMS, encryption_key=key, bucket_key_enabled=True)


def encryption_of_table(key: IKey | None, configuration: Configuration) -> TableEncryptionV2:
    """Return how a table in the first Region is encrypted, and its replica in the second by that Region's key."""
    if key is None:
        return TableEncryptionV2.dynamo_owned_key()
    second = configuration.regions.second
    there = f"arn:{Aws.PARTITION}:kms:{second}:{Aws.ACCOUNT_ID}:{alias_name(configuration)}"
    return TableEncryptionV2.customer_managed_key(key, {second: there})
