"""Where a command for operators finds the state table: of an environment on AWS, or of a local cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.first_use import TABLE
from localstack.layout import DEFAULT_REGIONS
from stacks.commands import aws
from stacks.commands.one_line_failures import CannotBeDone, WentWrong
from stacks.toolchain import CHECKOUT

_ENVIRONMENTS = ("dev", "prod")


@dataclass(frozen=True, slots=True)
class StateTable:
    """One replica, with a client of its Region; `regions` are both."""

    name: str
    region: str
    regions: tuple[str, ...]
    client: Any


def state_table(env: str | None, region: str | None, slot: int) -> StateTable:
    """Return the replica in `region`, or the first that runs; without `env` that of a local cloud."""
    if env is None:
        return _local_table(slot, region)
    if env not in _ENVIRONMENTS:
        raise CannotBeDone(f"--env {env!r} is none of {', '.join(_ENVIRONMENTS)}; leave it out for the local cloud")
    regions = _configured_regions()
    chosen = region or regions[0]
    with aws.refusals_of("AWS credentials"):
        return StateTable(f"antipode-{env}", chosen, regions, aws.client("dynamodb", chosen))


def _configured_regions() -> tuple[str, ...]:
    """The two Regions that cdk.json names, or those that are deployed when it names none."""
    noted = json.loads((CHECKOUT / "cdk.json").read_text("utf-8")).get("context", {}).get("regions")
    return tuple(part.strip() for part in noted.split(",")) if noted else tuple(DEFAULT_REGIONS)


def _local_table(slot: int, region: str | None) -> StateTable:
    found = LocalCloud.find(slot).status()["regions"]
    if region is not None and region not in found:
        raise CannotBeDone(f"--region {region!r} is none of {', '.join(found)}")
    running = [name for name, said in found.items() if said["state"] == "running" and region in (None, name)]
    if not running:
        raise WentWrong("no Region is running" if region is None else f"{region} is not running")
    client = admin_client("dynamodb", running[0], found[running[0]]["endpoint"])
    return StateTable(TABLE, running[0], tuple(found), client)
