"""What every test starts from: the pinned Node, no AWS account within reach, hypothesis runs that can be repeated.

A test that needs AWS credentials sets dummy ones itself; none can pick up those of the person who runs the suite.
"""

from __future__ import annotations

import functools
import gc
import os

import botocore.loaders
import botocore.session
import pytest
from hypothesis import settings

from stacks.toolchain import tool_environment
from tests.in_depth import ALL

# A failure prints the blob that repeats it. Machines differ in speed, so no example is failed for being slow.
settings.register_profile("antipode", deadline=None, print_blob=True, max_examples=100 if ALL else 30)
settings.load_profile("antipode")

#: The cloud that several folders share.
pytest_plugins = ("tests.one_cloud",)

#: New objects, in place of Python's 700 or 2,000.
GARBAGE_LOOKED_FOR_AT = 20_000
_CREDENTIALS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_NO_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is imported: jsii starts Node as soon as aws_cdk is."""
    gc.disable()
    for name in _CREDENTIALS:
        os.environ.pop(name, None)
    os.environ.update({**tool_environment(os.environ), **_NO_ACCOUNT})
    # What describes AWS's services is read once for each process. Each session would read it again, and mocks begin one
    # for each test. Sessions hand it out to all of their clients, none of which changes it.
    botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)


def pytest_collection_finish() -> None:
    """What was imported stays: looking through it for garbage again and again finds none, and costs a tenth of all."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(GARBAGE_LOOKED_FOR_AT)
