"""AWS as an operator's own commands meet it: default credentials, and refusals as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stacks.commands.one_line_failures import WentWrong


def client(service: str, region: str) -> Any:
    """A client with the credentials that the environment gives. boto3 is loaded only by commands that speak to AWS."""
    import boto3

    make: Any = boto3.client
    return make(service, region_name=region)


@contextmanager
def refusals_of(doing: str) -> Iterator[None]:
    """What AWS refuses, or what cannot reach it, in one line that says what was being done."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise WentWrong(f"{doing}: {' '.join(str(error).split())}") from error


def error_code(error: WentWrong) -> str:
    """The code of AWS's refusal behind it, or nothing."""
    response = getattr(error.__cause__, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
