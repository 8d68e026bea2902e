"""Deploys the real templates into the emulators with the real CDK CLI, as a user deploys them to AWS.

Nothing here knows what is in a template. The commands run in a clean environment with the emulator's unchecked key, so
that neither the user's credentials nor their proxy are ever used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localstack.admin import ADMIN_KEY, admin_client
from localstack.assembly import prepare_to_deploy
from localstack.emulator import GLOBAL_SERVICES_REGION
from localstack.layout import CHECKOUT, Layout
from localstack.programs import Programs
from stacks.naming import stacks_of
from stacks.toolchain import bootstrap_template, cdk_command, tool_environment

ACCOUNT = "000000000000"
DOMAIN = "antipode.test"
ENVIRONMENT = "local"
TENANT = "demo"

#: How long a stack may take that CloudFormation is asked for directly.
_PATIENCE = {"Delay": 1, "MaxAttempts": 60}
_QUIET = ["--no-color", "--ci", "--no-notices"]


@dataclass(frozen=True)
class Deployment:
    """The commands for one local cloud."""

    layout: Layout
    programs: Programs

    @property
    def _templates(self) -> Path:
        return self.layout.folder / "templates"

    def synthesize(self, hosted_zone_id: str, context: Mapping[str, str]) -> None:
        """Write the templates of both Regions, once; every later deployment uses them."""
        whole = self.context(hosted_zone_id, context)
        arguments = [part for key, value in whole.items() for part in ("--context", f"{key}={value}")]
        command = ["synth", "--quiet", "--output", str(self._templates), "--no-version-reporting", "--no-path-metadata"]
        self._cdk("the templates", "synth", self.layout.regions[0].name, [*command, *arguments], app=True)
        prepare_to_deploy(self._templates)

    def bootstrap(self, region: str) -> None:
        """Deploy what `cdk bootstrap` would, by CloudFormation itself: the CDK CLI takes ten times the CPU for it."""
        client = admin_client("cloudformation", region, self.layout.emulator(region).url, read_seconds=60.0)
        client.create_stack(
            StackName="CDKToolkit",
            TemplateBody=bootstrap_template().read_text(),
            Parameters=[{"ParameterKey": "FileAssetsBucketKmsKeyId", "ParameterValue": "AWS_MANAGED_KEY"}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        client.get_waiter("stack_create_complete").wait(StackName="CDKToolkit", WaiterConfig=_PATIENCE)

    def deploy_data(self) -> None:
        self._deploy("data", self.layout.regions[0].name, ("data",))

    def make_control_table(self) -> None:
        """Deploy the control table's stack, where there is one, in the process of what all Regions share.

        By CloudFormation itself: the CDK CLI would have to bootstrap that process first, which takes longer than all
        that is done there. What the template says of bootstraps is left out for that.
        """
        found = next(self._templates.glob(f"assembly-{ENVIRONMENT}/*control*.template.json"), None)
        if found is None:
            return
        template = {key: part for key, part in json.loads(found.read_text()).items() if key == "Resources"}
        place = self.layout.global_
        client = admin_client("cloudformation", GLOBAL_SERVICES_REGION, place.url, read_seconds=30.0)
        name = f"antipode-{ENVIRONMENT}-control"
        client.create_stack(StackName=name, TemplateBody=json.dumps(template))
        client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_PATIENCE)

    def deploy_region(self, region: str) -> dict[str, str]:
        """Deploy one Region's stacks and give their outputs."""
        return self._deploy(region, region, stacks_of(region))

    def _deploy(self, what: str, region: str, stacks: Sequence[str]) -> dict[str, str]:
        outputs = self.layout.folder / f"outputs-{what}.json"
        meant = [f"{ENVIRONMENT}/{stack}" for stack in stacks]
        command = ["deploy", *meant, "--exclusively", "--require-approval", "never"]
        command += ["--app", str(self._templates), "--method", "direct", "--progress", "events"]
        command += ["--outputs-file", str(outputs)]
        self._cdk(f"deploying {what}", f"deploy-{what}", region, command, app=False)
        found: dict[str, dict[str, str]] = json.loads(outputs.read_text()) if outputs.exists() else {}
        return {name: value for of_stack in found.values() for name, value in of_stack.items()}

    def _cdk(self, what: str, log: str, region: str, arguments: list[str], *, app: bool) -> None:
        command = [*cdk_command(), *arguments, *_QUIET]
        # Only where cdk.json lies is the app run; elsewhere the templates are taken as they are, or not at all.
        folder = CHECKOUT if app else self._home
        path = self.layout.folder / "logs" / f"{log}.log"
        self.programs.run(what, command, self._environment(region), folder, path)

    @property
    def _home(self) -> Path:
        home = self.layout.folder / "home"
        home.mkdir(exist_ok=True)
        return home

    def _environment(self, region: str) -> dict[str, str]:
        endpoint = self.layout.emulator(region).url
        clean = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._home),
            "TMPDIR": str(self._home),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_S3": endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": ADMIN_KEY,
            "AWS_SECRET_ACCESS_KEY": ADMIN_KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # jsii unpacks 100 MB of aws-cdk-lib; kept in the checkout that is done once.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(CHECKOUT / ".tools" / "jsii"),
            # The CDK's own rules cost as much again as the writing of the templates; tests/stacks goes by them.
            "CDK_VALIDATION": "false",
        }
        return tool_environment(clean)

    def context(self, hosted_zone_id: str, given: Mapping[str, str]) -> dict[str, str]:
        """What the app is told: the addresses of this cloud, and what the user gave."""
        regions = self.layout.regions
        return {
            "environment": ENVIRONMENT,
            "regions": ",".join(place.name for place in regions),
            "domain_name": DOMAIN,
            "hosted_zone_id": hosted_zone_id,
            "port": str(regions[0].port),
            "endpoint_urls": ",".join(f"{place.name}={place.url}" for place in regions),
            "health_addresses": ",".join(f"{place.name}={place.address}:{place.port}" for place in regions),
            "control_endpoint_url": self.layout.global_.url,
            "tenants": json.dumps([{"name": TENANT, "rate_per_second": 500, "burst": 1000}]),
            **given,
        }
