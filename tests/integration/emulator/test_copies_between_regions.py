"""Objects are copied out of another Region's bucket (shims/copies_between_regions.py)."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.integration.emulator.processes import FIRST, SECOND, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


def make_bucket(emulators: Emulators, name: str, region: str) -> None:
    placed = {} if region == FIRST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    emulators.client("s3", region).create_bucket(Bucket=name, **placed)


@needs_its_shim
def test_an_object_of_another_region_can_be_copied_with_its_description(either: Emulators) -> None:
    make_bucket(either, "source", FIRST)
    make_bucket(either, "target", SECOND)
    there, here = either.client("s3", FIRST), either.client("s3", SECOND)
    there.put_object(Bucket="source", Key="a b/1", Body=b"packed", ContentEncoding="gzip", Metadata={"size": "9"})

    here.copy_object(Bucket="target", Key="2", CopySource={"Bucket": "source", "Key": "a b/1"})

    copied = here.get_object(Bucket="target", Key="2")
    assert copied["Body"].read() == b"packed"
    assert (copied["ContentEncoding"], copied["Metadata"]) == ("gzip", {"size": "9"})


def test_what_another_region_does_not_hold_cannot_be_copied_and_its_bucket_stays_there(cloud: Emulators) -> None:
    make_bucket(cloud, "empty-source", FIRST)
    make_bucket(cloud, "empty-target", SECOND)
    here = cloud.client("s3", SECOND)
    for bucket, code in (("empty-source", "NoSuchKey"), ("nowhere", "NoSuchBucket")):
        with pytest.raises(ClientError) as caught:
            here.copy_object(Bucket="empty-target", Key="2", CopySource={"Bucket": bucket, "Key": "1"})
        assert caught.value.response["Error"]["Code"] == code
    assert "empty-source" not in {bucket["Name"] for bucket in here.list_buckets()["Buckets"]}
