"""`antipode deploy`: both Regions on AWS, one after the other, from templates that are written once.

Everything that can be found wrong is found before anything is changed. The second Region is left alone until the first
is deployed, so that a bad change never reaches both.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from stacks.bundle import Target, build_bundle
from stacks.commands import aws
from stacks.commands.deploy_order import Waves, waves_now
from stacks.commands.one_line_failures import CannotBeDone, WentWrong, one_line_failures, pairs
from stacks.commands.shown_steps import ShownSteps
from stacks.commands.state_table import StateTable
from stacks.commands.versions import check_versions
from stacks.config import Configuration
from stacks.drill_bundle import build_drill_bundle
from stacks.environments import configuration_of
from stacks.naming import CURRENT_DRILL, drills_named, drills_of, keys_of
from stacks.toolchain import CHECKOUT, cdk_command, tool_environment

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_ENVIRONMENTS = ("dev", "prod")


def register(app: typer.Typer) -> None:
    app.command()(deploy)


def deploy(
    env: Annotated[str, typer.Option(help="dev or prod.")],
    context: Annotated[list[str] | None, typer.Option("--context", "-c", help="CDK context, KEY=VALUE.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the stacks' outputs as JSON.")] = False,
) -> None:
    """Deploy to AWS: the tables, then the first Region, then the second."""
    with one_line_failures():
        step = ShownSteps()
        given = pairs("--context", context)
        configuration = checked_configuration(env, given)
        command = cdk_command()
        with step("check credentials and bootstraps"):
            account = checked_account(configuration)
        with step("count the jobs on each agent version"):
            check_versions_in_use(configuration)
        if configuration.drills is not None:
            with step("look for a drill that is under way"):
                check_no_drill(configuration)
        with step("look at what the deployed APIs call"):
            orders = {region: waves_now(configuration, region) for region in configuration.regions}
        with step("bundle"):
            build_bundle(Target.AWS)
            if configuration.drills is not None:
                build_drill_bundle(Target.AWS)
        whole = {**given, "environment": env, "account": account}
        outputs = deploy_stacks(command, configuration, whole, orders)
    if as_json:
        typer.echo(json.dumps(outputs, indent=2))
    else:
        typer.echo(f"deployed: https://{configuration.failover_name}/v1")


def checked_configuration(env: str, given: Mapping[str, str]) -> Configuration:
    """What will be deployed, refused here if the app would refuse it."""
    if env not in _ENVIRONMENTS:
        raise CannotBeDone(
            f"--env {env!r} is none of {', '.join(_ENVIRONMENTS)}; for the local cloud: `antipode local up`"
        )
    if given.get("environment", env) != env:
        raise CannotBeDone(f"--context environment={given['environment']} contradicts --env {env}")
    noted = json.loads((CHECKOUT / "cdk.json").read_text("utf-8")).get("context", {})
    return configuration_of({**noted, **given, "environment": env})


def checked_account(configuration: Configuration) -> str:
    """The account that the credentials belong to, bootstrapped in both Regions."""
    with aws.refusals_of("no usable AWS credentials"):
        identity = aws.client("sts", configuration.regions.first).get_caller_identity()
    account = str(identity["Account"])
    if configuration.account not in (None, account):
        raise CannotBeDone(
            f"the credentials are of account {account}, but account={configuration.account} is configured"
        )
    missing = [region for region in configuration.regions if not _is_bootstrapped(region)]
    if missing:
        places = " ".join(f"aws://{account}/{region}" for region in missing)
        raise CannotBeDone(f"not bootstrapped: {', '.join(missing)}; run `.venv/bin/cdk bootstrap {places}`")
    return account


def check_versions_in_use(configuration: Configuration) -> None:
    """Refuse a release that lacks an agent version which unfinished jobs are on. At the first deploy there are none."""
    region, name = configuration.regions.first, configuration.table_name
    client = aws.client("dynamodb", region)
    try:
        with aws.refusals_of(f"table {name} in {region}"):
            client.describe_table(TableName=name)
    except WentWrong as refused:
        if aws.error_code(refused) == "ResourceNotFoundException":
            return
        raise
    check_versions(StateTable(name, region, tuple(configuration.regions), client))


def check_no_drill(configuration: Configuration) -> None:
    """Refuse to change what a drill is going to put back as it was. Before the first deploy of drills there is none."""
    name = drills_named(configuration.prefix)
    for region in configuration.regions:
        client = aws.client("dynamodb", region)
        try:
            with aws.refusals_of(f"table {name} in {region}"):
                found = client.get_item(TableName=name, Key={"pk": {"S": CURRENT_DRILL}}, ConsistentRead=True)
        except WentWrong as refused:
            if aws.error_code(refused) == "ResourceNotFoundException":
                continue
            raise
        if "Item" in found:
            drill = found["Item"]["drill_id"]["S"]
            raise CannotBeDone(f"drill {drill} is under way: wait for it, or `antipode drill restore --target aws`")


def _is_bootstrapped(region: str) -> bool:
    try:
        with aws.refusals_of(f"cannot tell whether {region} is bootstrapped"):
            aws.client("ssm", region).get_parameter(Name=BOOTSTRAP_PARAMETER)
    except WentWrong as refused:
        if aws.error_code(refused) == "ParameterNotFound":
            return False
        raise
    return True


def deploy_stacks(
    command: list[str], configuration: Configuration, context: Mapping[str, str], orders: Mapping[str, Waves]
) -> dict[str, dict[str, str]]:
    """Write the templates once, deploy the table, then each Region as `orders` says. Gives the stacks' outputs."""
    env = configuration.environment
    templates = CHECKOUT / "build" / f"templates-{env}"
    pairs_of_context = [part for key, value in context.items() for part in ("--context", f"{key}={value}")]
    run_cdk("the templates", [*command, "synth", "--quiet", "--output", str(templates), *pairs_of_context])
    outputs: dict[str, dict[str, str]] = {}
    keys = [] if configuration.customer_keys == "off" else [keys_of(region) for region in configuration.regions]
    once = [*keys, "data", *(["control"] if configuration.ownership == "strong" else [])]
    waves = [
        *((stack, (stack,)) for stack in once),
        *((region, wave) for region in configuration.regions for wave in orders[region]),
    ]
    if configuration.drills is not None:
        waves += [(drills_of(region), (drills_of(region),)) for region in configuration.regions]
    for part, stacks in waves:
        file = CHECKOUT / "build" / f"outputs-{env}-{part}.json"
        file.unlink(missing_ok=True)
        arguments = ["deploy", *(f"{env}/{stack}" for stack in stacks), "--exclusively", "--require-approval", "never"]
        arguments += ["--app", str(templates), "--progress", "events", "--outputs-file", str(file)]
        run_cdk(f"{env}/{part}", [*command, *arguments])
        outputs |= _read(file)
    return outputs


def run_cdk(what: str, command: list[str]) -> None:
    """Run the CDK CLI to its end. All it says goes to stderr, so that output stays clean."""
    typer.echo(f"-- {what}", err=True)
    try:
        done = subprocess.run(
            [*command, "--no-notices"], cwd=CHECKOUT, env=tool_environment(os.environ), stdout=2, check=False
        )
    except OSError as error:
        raise WentWrong(f"{what}: the CDK CLI did not start: {error}") from error
    if done.returncode != 0:
        raise WentWrong(
            f"{what} failed: the CDK CLI ended with {done.returncode}, see above; later stacks are untouched"
        )


def _read(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found
