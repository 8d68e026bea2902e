"""A local cloud for the benchmarks that go the whole way, and who of its processes has spent how much CPU.

Brought up once for all of them, in a slot that nobody else uses, with its tenant's rate limit out of the way.
"""

import itertools
import json
import os
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from functions.bootstrap import Runtime
from functions.domain.moments import seconds_between
from functions.settings import Settings
from localstack.admin import ADMIN_KEY, admin_client
from localstack.cloud import LocalCloud
from tests.benchmarks.precedence import go_first
from tests.eventually import eventually
from tests.integration.emulator.processes import leased_slot

Item = TypeVar("Item")
Result = TypeVar("Result")

TICKS = os.sysconf("SC_CLK_TCK")
_LIMITS = httpx.Limits(max_keepalive_connections=32)
#: A Region under load may refuse for a moment, and says so by this status.
_NOT_NOW = 503
_AGAIN_SECONDS = 30.0
#: How a function's process is told from all others.
_FUNCTION = b"AWS_LAMBDA_FUNCTION_NAME=antipode-local-"


@dataclass(slots=True)
class BenchedCloud:
    """Two Regions that are up. Its clients keep their connections, as those of a busy caller do."""

    cloud: LocalCloud
    token: str
    regions: tuple[str, ...]
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def call(self, region: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Call a Region's API. Asserts that it is not refused; one that asks to be called again is."""
        client = self._clients.get(region)
        if client is None:
            headers = {"Authorization": f"Bearer {self.token}"}
            url = self.cloud.region_api_url(region)
            client = self._clients[region] = httpx.Client(
                base_url=url, headers=headers, timeout=60, limits=_LIMITS, trust_env=False
            )

        answers: list[httpx.Response] = []

        def answered() -> str:
            answers.append(client.request(method, path, **request))
            return f"{method} {path}: {answers[-1].status_code} {answers[-1].text}"

        said = eventually(answered, lambda _: answers[-1].status_code != _NOT_NOW, within=_AGAIN_SECONDS, every=0.2)
        assert answers[-1].status_code < 400, said
        return answers[-1]

    def submit(self, region: str, **body: object) -> str:
        """Submit a job of the agent `probe` and return its id."""
        key = secrets.token_hex(16)
        body = {"agent": "probe", **body}
        return str(self.call(region, "POST", "/jobs", json=body, headers={"Idempotency-Key": key}).json()["id"])

    def result(self, region: str, job: str, within: float = 120.0) -> dict[str, Any]:
        """Ask for a job until it has ended, and return it."""

        def ended(shown: dict[str, Any]) -> bool:
            return shown["status"] in ("succeeded", "failed", "cancelled")

        return eventually(lambda: self.call(region, "GET", f"/jobs/{job}").json(), ended, within=within, every=0.05)

    def waited_seconds(self, region: str, job: str) -> float:
        """How long a job that has ended had waited before a worker began with it."""
        events = self.call(region, "GET", f"/jobs/{job}/events?limit=10").json()["events"]
        moments = {event["kind"]: event["at"] for event in reversed(events)}
        return seconds_between(moments["submitted"], moments["attempt_started"])

    def admin(self, service: str, region: str) -> Any:
        """An AWS client with the emulator's root key."""
        return admin_client(service, region, self.cloud.layout.emulator(region).url)

    def cpu_seconds(self) -> Counter[str]:
        """CPU that each kind of process has used so far: functions by name, the rest of the cloud, this process."""
        used = defaultdict(float, {"the bench's own client": time.process_time()})
        endpoints = [self.cloud.layout.emulator(region).url.encode() for region in self.regions]
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                kind = self._kind_of(entry, endpoints)
                if kind is not None:
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                    used[kind] += (int(stat[11]) + int(stat[12])) / TICKS
            except OSError:
                continue  # it has ended meanwhile
        return Counter(used)

    def _kind_of(self, entry: Path, endpoints: list[bytes]) -> str | None:
        environment = (entry / "environ").read_bytes().split(b"\0")
        for each in environment:
            if each.startswith(_FUNCTION):
                here = any(endpoint in part for part in environment for endpoint in endpoints)
                return f"function {each.removeprefix(_FUNCTION).decode()}" if here else None
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        if str(self.cloud.folder) not in command:
            return None
        module = next((word for word in command.split() if word.startswith("localstack.")), "")
        return module.removeprefix("localstack.") or None


def process_runtime(cloud: BenchedCloud, region: str) -> Runtime:
    """Return the use cases as a function of that Region has them, in this process and with the emulator's root key."""
    deployed = cloud.admin("lambda", region).get_function_configuration(FunctionName="antipode-local-submit-job")
    os.environ.update(
        AWS_ENDPOINT_URL=cloud.cloud.layout.emulator(region).url,
        AWS_ACCESS_KEY_ID=ADMIN_KEY,
        AWS_SECRET_ACCESS_KEY=ADMIN_KEY,
        NO_PROXY="127.0.0.0/8",
    )
    return Runtime(Settings.load(deployed["Environment"]["Variables"]))


def at_once(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> list[Result]:
    """Do it for all items, in so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def turns(regions: Iterable[str], count: int) -> list[str]:
    """Return so many names of Regions, each in turn."""
    return list(itertools.islice(itertools.cycle(regions), count))


@contextmanager
def _brought_up() -> Iterator[BenchedCloud]:
    with leased_slot() as slot:
        cloud = LocalCloud.prepare(slot)
        try:
            tenants = [{"name": "demo", "rate_per_second": 10_000, "burst": 10_000}]
            status = cloud.up(context={"tenants": json.dumps(tenants)})
            if not go_first(cloud.folder):
                print("other processes of this machine have the cores as often as the cloud has", flush=True)
            yield BenchedCloud(cloud, str(status["token"]), tuple(place.name for place in cloud.layout.regions))
        finally:
            LocalCloud.down(slot)


_open = ExitStack()
_known: list[BenchedCloud] = []


def benched_cloud() -> BenchedCloud:
    """Return the one cloud of this process, brought up if it is not up yet."""
    if not _known:
        _known.append(_open.enter_context(_brought_up()))
    return _known[0]


def take_down() -> None:
    """End it, if it is up."""
    _known.clear()
    _open.close()
