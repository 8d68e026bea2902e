"""Two emulator processes, a table in both, and a link between them: what the link's tests start from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from localstack import control
from localstack.bell import bell_beside
from localstack.layout import CHECKOUT
from tests.eventually import eventually
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, leased_slot

TABLE = "antipode-linked"
INDEX = "due"

Seen = TypeVar("Seen")


def soon(observe: Callable[[], Seen], holds: Callable[[Seen], bool] = bool) -> Seen:
    return eventually(observe, holds, within=60, every=0.02)


class LinkedTables:
    """The table's items as plain text attributes, in either Region, and orders for the link."""

    def __init__(self, emulators: Emulators, folder: Path) -> None:
        self.emulators = emulators
        self.socket = control.socket_path(folder, "link")
        self._log = (folder / "link.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self.table = ""

    def fresh_table(self) -> str:
        """A table that no other test has written, in both Regions and replicated."""
        self._serial += 1
        self.table = f"{TABLE}-{os.getpid()}-{self._serial}"
        for region in (FIRST, SECOND):
            self.create_table(region)
        soon(lambda: self.status()["tables"].get(self.table), lambda state: state == "replicating")
        return self.table

    def create_table(self, region: str) -> None:
        self.tables(region).create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "due_pk", "due_sk")
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            GlobalSecondaryIndexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": [
                        {"AttributeName": "due_pk", "KeyType": "HASH"},
                        {"AttributeName": "due_sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )

    def drop_table(self) -> None:
        for region in (FIRST, SECOND):
            self.tables(region).delete_table(TableName=self.table)

    def tables(self, region: str) -> Any:
        return self.emulators.client("dynamodb", region)

    def put(self, region: str, key: str, **attributes: str) -> None:
        item = {name: {"S": value} for name, value in {"pk": key, "sk": "0", **attributes}.items()}
        self.tables(region).put_item(TableName=self.table, Item=item)

    def delete(self, region: str, key: str) -> None:
        self.tables(region).delete_item(TableName=self.table, Key={"pk": {"S": key}, "sk": {"S": "0"}})

    def get(self, region: str, key: str) -> dict[str, str] | None:
        item = self.tables(region).get_item(TableName=self.table, Key={"pk": {"S": key}, "sk": {"S": "0"}}).get("Item")
        return {name: typed["S"] for name, typed in item.items() if name not in ("pk", "sk")} if item else None

    def keys(self, region: str) -> set[str]:
        pages = self.tables(region).get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return {item["pk"]["S"] for page in pages for item in page["Items"]}

    # -- the link -----------------------------------------------------------------------------------------------------

    def start_link(self, *, median: float = 0.0, p99: float = 0.0) -> None:
        command = [sys.executable, "-m", "localstack.link", "--socket", str(self.socket)]
        command += ["--median-seconds", str(median), "--p99-seconds", str(p99)]
        for place in self.emulators.layout.regions:
            command += ["--region", f"{place.name}={place.url}"]
            command += ["--bell", f"{place.name}={bell_beside(self.emulators.layout.folder / place.name)}"]
        self._process = subprocess.Popen(command, cwd=CHECKOUT, stdout=self._log, stderr=self._log)
        soon(self.socket.exists)

    def kill_link(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        self.kill_link()
        self._log.close()

    def order(self, order: str, **parameters: Any) -> dict[str, Any]:
        return control.ask(self.socket, order, timeout_seconds=30, **parameters)

    def shape(self, source: str | None = None, **fields: Any) -> None:
        self.order("shape", source=source, fields=fields)

    def drain(self) -> None:
        assert self.order("drain", seconds=15)["drained"], self.status()

    def status(self) -> dict[str, Any]:
        return self.order("status")

    def direction(self, source: str) -> dict[str, Any]:
        (found,) = (one for one in self.status()["directions"] if one["source"] == source)
        return dict(found)

    def conflicts(self) -> list[str]:
        found = self.status()["conflicts"]["items"]
        return sorted(item["key"].partition("|")[0] for item in found if item["table"] == self.table)


@contextmanager
def linked_tables(folder: Path) -> Iterator[LinkedTables]:
    with leased_slot() as slot:
        emulators = Emulators(slot, folder, names=(FIRST, SECOND))
        linked = LinkedTables(emulators, folder)
        try:
            emulators.start()
            linked.start_link()
            yield linked
        finally:
            linked.close()
            emulators.stop()
