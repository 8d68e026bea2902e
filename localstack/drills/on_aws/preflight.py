"""Whether a drill may begin: the account is named for it, nobody else is at work, and both Regions are well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localstack.drills.on_aws.book import Book
from localstack.drills.on_aws.deployed import Clients, Deployed
from localstack.drills.on_aws.refusals import Code, Refused
from localstack.drills.on_aws.regions_seen import RegionsSeen

#: The watchdog looks once a minute.
SILENT_SECONDS = 180.0
#: Replication has to bring a marker over within this.
BEHIND_SECONDS = 10.0
#: Alarms of the Region that is not hit which end a drill: nothing of what a drill does may raise them there.
STOP_ALARMS = ("api-server-errors", "heartbeat-missing")


@dataclass(frozen=True, slots=True)
class Preflight:
    """The checks. Each raises Refused."""

    deployed: Deployed
    clients: Clients
    now: Callable[[], float]
    seen: RegionsSeen

    def check_account(self) -> None:
        """Drills are for accounts that the configuration names."""
        account = str(self.clients.get("sts", self.deployed.region).get_caller_identity()["Account"])
        if account not in self.deployed.accounts:
            raise Refused(Code.ACCOUNT_NOT_NAMED, f"account {account} is not named for drills")

    def check_watchdog(self, book: Book) -> None:
        """Whatever dies, the watchdog puts everything back: so it has to be alive."""
        silent = self.now() - book.watched_at()
        if silent > SILENT_SECONDS:
            raise Refused(Code.WATCHDOG_SILENT, f"the watchdog of {self.deployed.region} was not seen lately")

    def check_both_regions(self) -> None:
        """No deploy, no alarm, and two Regions that are well and alike."""
        for region in self.deployed.regions:
            self._check_stacks(region)
            self._check_weights(region)
            self._check_alarms(region, None)
        if (why := self.seen.unwell()) is not None:
            raise Refused(Code.REGION_UNWELL, why)
        if not self.seen.settle(BEHIND_SECONDS):
            raise Refused(Code.REPLICATION_BEHIND, f"what is written does not arrive within {BEHIND_SECONDS:g} s")

    def check_stop_alarms(self) -> None:
        """The Region that is not hit has to serve: where it does not, the drill is over."""
        names = [f"{self.deployed.prefix}-{name}" for name in STOP_ALARMS]
        self._check_alarms(self.deployed.region, names)

    def _check_stacks(self, region: str) -> None:
        pages = self.clients.get("cloudformation", region).get_paginator("describe_stacks").paginate()
        for stack in (row for page in pages for row in page["Stacks"]):
            name, status = str(stack["StackName"]), str(stack["StackStatus"])
            if name.startswith(f"{self.deployed.prefix}-") and status.endswith("_IN_PROGRESS"):
                raise Refused(Code.DEPLOY_UNDER_WAY, f"stack {name} in {region} is {status}")

    def _check_weights(self, region: str) -> None:
        client = self.clients.get("lambda", region)
        for name in self.deployed.functions:
            routing: Any = client.get_alias(FunctionName=name, Name="live").get("RoutingConfig") or {}
            if routing.get("AdditionalVersionWeights"):
                raise Refused(Code.DEPLOY_UNDER_WAY, f"a release of {name} is on its way in {region}")

    def _check_alarms(self, region: str, names: list[str] | None) -> None:
        which: Any = {"AlarmNamePrefix": f"{self.deployed.prefix}-"} if names is None else {"AlarmNames": names}
        client = self.clients.get("cloudwatch", region)
        pages = client.get_paginator("describe_alarms").paginate(StateValue="ALARM", **which)
        rows = [row for page in pages for row in page.get("MetricAlarms", [])]
        raised = sorted(row["AlarmName"] for row in rows if row["StateValue"] == "ALARM")
        if raised:
            raise Refused(Code.ALARM_RAISED, f"alarm {', '.join(raised)} is raised in {region}")
