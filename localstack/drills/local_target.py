"""The local cloud as a target of drills: looked at with the root key, past its borders; used as any client would."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from functions.adapters.dynamodb_standings import PROGRESS, partition_of
from functions.adapters.dynamodb_table import text
from functions.domain.job.history import Segment
from functions.domain.moments import to_moment
from functions.settings import SettingName
from localstack import control
from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.deployment import DOMAIN
from localstack.drills.faults import Fault, Names
from localstack.drills.local_faults import LocalFaults
from localstack.drills.rules import Changes
from localstack.drills.story import EVENTUAL, STRONG
from localstack.drills.target import CannotDrill, Underway
from localstack.evidence.replicas import Item, Key, ReplicaReader
from localstack.facts import Facts
from localstack.faults import Faults
from localstack.first_use import TABLE
from localstack.layout import CHECKOUT, GLOBAL
from localstack.plain_http import plain_client, plain_transport
from localstack.resolver import NameNotFound, Resolver, ResolvingTransport
from stacks.api_client import ApiClient, ApiError

NAME = f"api.{DOMAIN}"
HEALTH_SECONDS = 1.0
PATIENCE_SECONDS = 180.0
#: A Region that answers a submit later than this is given up by the clients of a drill, and asked again.
ANSWER_SECONDS = 5.0
_TOLD = (
    SettingName.HEARTBEAT_SECONDS,
    SettingName.PEER_STALE_SECONDS,
    SettingName.STALL_SECONDS,
    SettingName.LOOP_SECONDS,
    SettingName.ADOPTION,
)


class LocalTarget:
    """One local cloud that is up."""

    name = "local"

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = LocalCloud(cloud.layout)
        self.layout = cloud.layout
        #: Pieces of source that are replaced in what runs there, for faults that release functions of their own.
        self.changes: Changes = {}
        self._faults = Faults(cloud.layout)
        self._resolver = Resolver.of(cloud.layout)
        self._token = str(cloud.status()["token"])
        self._tables = {
            place.name: admin_client("dynamodb", place.name, place.url, read_seconds=10.0)
            for place in cloud.layout.regions
        }
        self._readers = {region: ReplicaReader(client, TABLE) for region, client in self._tables.items()}
        self._http = plain_client(HEALTH_SECONDS)

    def close(self) -> None:
        """Close all connections."""
        for client in (*self._tables.values(), self._http):
            client.close()

    @property
    def regions(self) -> tuple[str, str]:
        """See Target."""
        first, second = (place.name for place in self.layout.regions)
        return first, second

    def unwell(self, *, by_name: bool = True) -> str | None:
        """See Target."""
        for region in self.regions:
            if not self.answers(region):
                return f"{region} does not answer its health check"
            if self.peer_lost(region):
                return f"{region} holds its peer for lost"
            if self._faults.border(region)["closed_to"] or self._faults.border(region)["throttled_share"]:
                return f"the border of {region} is not open"
            if self._faults.clock(region):
                return f"the clock of {region} is off by order"
            if self._faults.queues(region)["shares"]:
                return f"the queues of {region} are unreliable by order"
        if self._faults.border(GLOBAL)["closed_to"]:
            return "the border of what all Regions share is not open"
        if by_name and (led_to := self.answering()) != self.regions[0]:
            return f"the failover name leads to {led_to}, not to {self.regions[0]}"
        rows = self._faults.replication()["directions"]
        cut = next((row for row in rows if row["cut"] or row["error"]), None)
        return None if cut is None else f"replication out of {cut['source']} does not work"

    def calm(self) -> None:
        """Have both Regions forget that they were lost within the last hour, as if the drill before was longer ago.

        Else each would stay away for longer than after the loss before, as a Region that flaps has to. Raises
        CannotDrill where one does not answer.
        """
        for region in self.regions:
            try:
                self._forget_losses(region)
            except (BotoCoreError, ClientError) as error:
                raise CannotDrill(f"{region} does not answer: {error}") from error

    def _forget_losses(self, region: str) -> None:
        key = {"pk": text(partition_of(region)), "sk": text(PROGRESS)}
        if "Item" in self._tables[region].get_item(TableName=TABLE, Key=key):
            self._tables[region].update_item(
                TableName=TABLE,
                Key=key,
                UpdateExpression="SET settled = :settled, losses = :none REMOVE #until",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":settled": text(to_moment(datetime.now(UTC))), ":none": text("")},
            )

    def versions(self) -> Mapping[str, str]:
        """See Target."""
        digest = CHECKOUT / "build" / "lambda-local.digest"
        return {
            "antipode": _commit(),
            "functions": digest.read_text("utf-8")[:12] if digest.is_file() else "unknown",
            "emulator": f"ministack {version('ministack')}",
            "python": platform.python_version(),
        }

    def configuration(self) -> Mapping[str, str]:
        """See Target."""
        place = self.layout.regions[1]
        with contextlib.closing(admin_client("lambda", place.name, place.url)) as functions:
            known = functions.get_function_configuration(FunctionName=f"{TABLE}-sweep-jobs", Qualifier="live")
        settings = {name.value: str(known["Environment"]["Variables"][name]) for name in _TOLD}
        machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning"
        ownership = STRONG if known["Environment"]["Variables"].get(SettingName.CONTROL_TABLE) else EVENTUAL
        told = {"ownership": ownership, "health checks": "every 10 s, lost after 3", "record TTL": "10 s"}
        return {**settings, **told, "machine": machine}

    def api(self, region: str | None, on_failed_try: Callable[[ApiError], None]) -> ApiClient:
        """See Target."""
        by_name = ResolvingTransport(Resolver.of(self.layout))
        return ApiClient(
            self.cloud.api_url if region is None else self.cloud.region_api_url(region),
            self._token,
            transport=by_name if region is None else plain_transport(),
            patience_seconds=PATIENCE_SECONDS,
            on_failed_try=on_failed_try,
            answer_seconds=ANSWER_SECONDS,
        )

    def begin(self, fault: Fault, names: Names, seed: int) -> Underway:
        """See Target."""
        try:
            ordered = LocalFaults(self.cloud, self.changes).ordered(fault, names, seed)
            ordered.order()
        except (httpx.HTTPError, control.OrderRefused) as error:
            raise CannotDrill(f"{fault.told(names)}: {error}") from error
        return ordered

    def segments(self, region: str, jobs: Collection[str]) -> Mapping[Key, Segment]:
        """See Target."""
        return self._readers[region].segments_of_jobs(jobs)

    def items(self, region: str) -> Mapping[Key, Item]:
        """See Target."""
        return self._readers[region].all_items()

    def answering(self) -> str | None:
        """See Target."""
        self._resolver.forget()
        try:
            resolved = self._resolver.resolve(NAME)
        except NameNotFound:
            return None
        for place in self.layout.regions:
            if place.address == resolved.address and resolved.port in (None, place.port):
                return place.name
        return None

    def answers(self, region: str) -> bool:
        """See Target."""
        if not Facts.read(self.layout.folder).api_ids.get(region):
            return False
        with contextlib.suppress(httpx.TransportError):
            return self._http.get(f"{self.cloud.region_api_url(region)}/health").status_code == 200
        return False

    def peer_lost(self, region: str) -> bool | None:
        """See Target. From the Region's own word in its replica: asking its API would be load."""
        key = {"pk": {"S": f"REGION#{region}"}, "sk": {"S": "PEER"}}
        try:
            item: Any = self._tables[region].get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")
        except Exception:  # noqa: BLE001 - a Region that is just being killed answers in many ways
            return None
        return bool(item["lost"]["BOOL"]) if item else None

    def behind(self) -> Mapping[str, int]:
        """See Target."""
        try:
            return {row["source"]: int(row["pending"]) for row in self._faults.replication()["directions"]}
        except (control.PartUnreachable, control.OrderRefused):
            return {}

    def lag_ms(self) -> Mapping[str, Mapping[str, float | None]]:
        """See Target."""
        return {row["source"]: dict(row["lag_ms"]) for row in self._faults.replication()["directions"]}

    def conflicts(self) -> frozenset[str]:
        """See Target."""
        return frozenset(f"{row['table']}: {row['key']}" for row in self._faults.conflicts())

    def settle(self, seconds: float) -> bool:
        """See Target."""
        return self._faults.wait_until_replicated(seconds)


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
