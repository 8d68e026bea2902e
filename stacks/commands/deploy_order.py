"""In which order a Region's stacks are deployed, so that its API never calls a function that is gone.

A stack names what is in those before it, so the first is deployed first: what is new exists before it is called. Where
a function goes away it is the other way round (docs/decisions/0037).
"""

from __future__ import annotations

import json
import re
from collections.abc import Set

from stacks.catalog import FUNCTIONS
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone, WentWrong
from stacks.config import Configuration
from stacks.naming import API, stacks_of

Waves = tuple[tuple[str, ...], ...]


def waves_of(region: str, called: Set[str], answering: Set[str]) -> Waves:
    """Return which of a Region's stacks to deploy together, one wave after the other.

    `called` are the functions that the deployed API calls, `answering` those that the new one will. Raises CannotBeDone
    where some come and some go: whichever stack were first, requests would meet a function that is not there.
    """
    going, coming = called - answering, answering - called
    if not called or not going:
        return (stacks_of(region),)
    if coming:
        raise CannotBeDone(
            f"this release takes {_names(going)} away and adds {_names(coming)}, which cannot both be done without "
            f"{region}'s API calling a function that is not there: add first, take away in the next release"
        )
    return ((f"{region}{API}",), stacks_of(region))


def waves_now(configuration: Configuration, region: str) -> Waves:
    """Return the same, with what is deployed in the Region asked of it."""
    answering = {configuration.function_name(row) for row in FUNCTIONS if row.is_called_by_api}
    return waves_of(region, functions_called(configuration, region), answering)


def functions_called(configuration: Configuration, region: str) -> frozenset[str]:
    """Return the names of the functions that the Region's deployed API calls; none before the first deployment."""
    stack = f"{configuration.prefix}-{region}{API}"
    client = aws.client("cloudformation", region)
    try:
        with aws.refusals_of(f"cannot read what is deployed as {stack}"):
            body = client.get_template(StackName=stack)["TemplateBody"]
    except WentWrong as refused:
        if aws.error_code(refused) == "ValidationError":  # what CloudFormation says of a stack that does not exist
            return frozenset()
        raise
    text = body if isinstance(body, str) else json.dumps(body)
    return frozenset(re.findall(rf":function:({re.escape(configuration.prefix)}-[a-z0-9-]+):live", text))


def _names(functions: Set[str]) -> str:
    return ", ".join(sorted(functions))
