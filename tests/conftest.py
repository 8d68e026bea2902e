"""What every test starts from: the pinned Node, no AWS account within reach, hypothesis runs that can be repeated.

A test that needs AWS credentials sets dummy ones itself; none can pick up those of the person who runs the suite.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from stacks.toolchain import tool_environment

# A failure prints the blob that repeats it. Machines differ in speed, so no example is failed for being slow.
settings.register_profile("antipode", deadline=None, print_blob=True)
settings.load_profile("antipode")

#: The cloud that several folders share.
pytest_plugins = ("tests.one_cloud",)

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
    for name in _CREDENTIALS:
        os.environ.pop(name, None)
    os.environ.update({**tool_environment(os.environ), **_NO_ACCOUNT})
