"""What a drill has to know of an installation on AWS, as its stack tells it, and clients of AWS for both Regions.

The stack writes it (`stacks/drill_settings.py`); the functions of a drill and the command line read it. All is found by
name: a drill refers to nothing of the Region that it is going to hit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from stacks.naming import drills_named

#: Where a function of a drill finds it.
VARIABLE = "ANTIPODE_DRILLS"
#: The control planes that are not in each Region are called here.
GLOBAL_SERVICES = frozenset({"route53"})


class Deployed(BaseModel):
    """One installation, as seen from one of its Regions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    prefix: str
    region: str
    """Where this runs: the drills that it plays hit the other one."""
    regions: tuple[str, str]
    accounts: tuple[str, ...]
    """Those in which drills may be played."""
    functions: tuple[str, ...]
    """Their full names, the same in both Regions; none of a drill's own."""
    readers: tuple[str, ...]
    """Those that queues or streams call, by event source mappings."""
    lanes: tuple[str, ...]
    """The queues of the lanes, by their full names."""
    table: str
    """The state table."""
    api_url: str
    """Under the failover name."""
    region_api_urls: Mapping[str, str]
    health_names: Mapping[str, str]
    """The name that a Region's health check asks."""
    global_region: str = "us-east-1"
    """Where the partition's control planes are that are not in each Region."""
    token_parameter: str
    """Where the bearer token of the load lies, in SSM."""
    reports: str
    """The bucket for reports in this Region."""
    limit_seconds: int
    """After this the watchdog puts everything back, whatever the drill is at."""
    experiments: bool = False
    """Whether FIS is provisioned."""
    function_faults: bool = False
    """Whether the workers have the extension by which FIS reaches into their invocations."""
    endpoint_urls: Mapping[str, str] = {}
    """Local cloud only."""

    @property
    def peer(self) -> str:
        """The other Region: the one that is hit."""
        first, second = self.regions
        return second if self.region == first else first

    @property
    def drills_table(self) -> str:
        """The table of the lock and the undo record, of this name in each Region, and not replicated."""
        return drills_named(self.prefix)

    @property
    def machine_name(self) -> str:
        """The state machine that plays drills."""
        return drills_named(self.prefix)

    def task_name(self, task: str) -> str:
        """The function of a drill's task."""
        return f"{self.prefix}-drill-{task}"

    @classmethod
    def of_environment(cls) -> Deployed:
        """As a function of a drill is told."""
        return cls.model_validate_json(os.environ[VARIABLE])


@dataclass(slots=True)
class Clients:
    """boto3 clients of either Region, made when first asked for."""

    deployed: Deployed
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def get(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region."""
        import boto3
        from botocore.config import Config

        where = self.deployed.global_region if service in GLOBAL_SERVICES else region
        key = (service, where)
        if key not in self._made:
            make: Any = boto3.client
            self._made[key] = make(
                service,
                region_name=where,
                endpoint_url=self.deployed.endpoint_urls.get(where),
                config=Config(
                    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5}
                ),
            )
        return self._made[key]
