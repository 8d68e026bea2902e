"""One local cloud as a whole: bring it up, take a Region away and give it back, take everything down.

What `antipode local` does, for the command line, the demo, the drills and the tests alike. Each step is announced to a
`Report`, so that every caller shows progress in its own way.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from localstack import control, leftovers
from localstack.deployment import DOMAIN, Deployment
from localstack.facts import Facts
from localstack.first_use import answer_health, issue_token, resolve_failover_name, table_finder
from localstack.hosted_zone import HostedZone
from localstack.layout import CHECKOUT, DEFAULT_REGIONS, GLOBAL, Layout
from localstack.parts import LINK
from localstack.programs import Programs
from localstack.supervised import Supervised, recorded_layout
from localstack.surroundings import complaints
from stacks.bundle import Target, build_bundle
from stacks.environments import ConfigurationError, configuration_of

T = TypeVar("T")

Report = Callable[[str], AbstractContextManager[None]]
"""Called with a step's name; entered when it begins and left when it ends."""

_REFILL_SECONDS = 300.0
_STEPS_AT_ONCE = 4
_BETWEEN_LOOKS_SECONDS = 0.1


class AlreadyUp(Exception):
    """A cloud is up, or on its way up, in this slot."""


class NotUp(Exception):
    """No cloud is up in this slot."""


class CannotStart(Exception):
    """The machine lacks something; one line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@contextlib.contextmanager
def silence(_: str) -> Iterator[None]:
    """A report for nobody."""
    yield


def state_folder(slot: int) -> Path:
    return CHECKOUT / ".antipode" / f"local-{slot}"


class LocalCloud:
    def __init__(self, layout: Layout, report: Report = silence) -> None:
        self.layout = layout
        self.folder = layout.folder
        self._report = report
        self._programs = Programs(layout.folder)
        self._deployment = Deployment(layout, self._programs)
        self._supervised = Supervised(layout.folder)

    # -- up and down

    @classmethod
    def prepare(cls, slot: int = 0, regions: Sequence[str] = DEFAULT_REGIONS, report: Report = silence) -> LocalCloud:
        """A cloud that is to be brought up: clears away what a crash left, and refuses if the slot is in use."""
        folder = state_folder(slot)
        if folder.exists():
            supervised = Supervised(folder)
            if supervised.answers():
                ready = supervised.order("status")["ready"]
                raise AlreadyUp(
                    f"slot {slot} is up already (`antipode local status`; `down` ends it)"
                    if ready
                    else f"slot {slot} is being brought up by another command"
                )
            leftovers.clear(folder)
        return cls(Layout.detect(slot, regions), report)

    @classmethod
    def find(cls, slot: int = 0, report: Report = silence) -> LocalCloud:
        """The cloud that is up in this slot."""
        layout = recorded_layout(state_folder(slot))
        if layout is None:
            raise NotUp(f"slot {slot} is not up (`antipode local up`)")
        cloud = cls(layout, report)
        if not cloud._supervised.answers():
            raise NotUp(f"slot {slot} has crashed (`antipode local up` starts anew, `down` clears it away)")
        return cloud

    def up(self, model_url: str | None = None, context: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Everything from nothing to a system that answers. Leaves nothing behind if it is stopped half-way."""
        if model_url is not None and not model_url.startswith(("http://", "https://")):
            raise ValueError(f"{model_url!r} is not the address of a model endpoint, such as http://localhost:11434/v1")
        with self._report("check settings, tools and ports"):
            if lines := [*complaints(self.layout), *self._complaints_about(context or {})]:
                raise CannotStart(lines)
        try:
            self.folder.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            raise AlreadyUp(f"slot {self.layout.slot} is being brought up by another command") from None
        try:
            self._start_and_deploy(model_url, context or {})
            self._supervised.let_go()
        except BaseException:
            self._programs.stop()
            self._tear_down()
            raise
        return self.status()

    def _complaints_about(self, context: Mapping[str, str]) -> list[str]:
        """What the app would refuse, found before anything is started."""
        try:
            configuration_of(self._deployment.context("Z0", context))
        except ConfigurationError as error:
            return str(error).splitlines()
        return []

    @staticmethod
    def down(slot: int = 0) -> bool:
        """End everything and remove every trace; false if there was nothing."""
        folder = state_folder(slot)
        if not folder.exists():
            return False
        with _undisturbed():
            Supervised(folder).end()
            leftovers.clear(folder)
        return True

    def _tear_down(self) -> None:
        with _undisturbed():
            self._supervised.end()
            leftovers.clear(self.folder)

    def _start_and_deploy(self, model_url: str | None, context: Mapping[str, str]) -> None:
        facts = Facts()
        with self._report("start the processes"):
            self._supervised.start(self.layout, model_url)
            self._supervised.order("await", parts=[GLOBAL])
            facts.hosted_zone_id = HostedZone(self.layout.global_.url, DOMAIN).create()
        with self._at_once() as begin:
            first, second = (place.name for place in self.layout.regions)
            ready = begin("wait for both Regions", lambda: self._supervised.order("await"))
            templates = begin("bundle and templates", lambda: self._write_templates(facts.hosted_zone_id, context))
            ready.result()
            bootstraps = {
                region: begin(f"bootstrap {region}", self._bootstrapping(region)) for region in (first, second)
            }
            templates.result()
            bootstraps[first].result()
            begin("make the control table", self._deployment.make_control_table).result()
            table = begin("deploy the table", self._deployment.deploy_data)
            bootstraps[second].result()
            # The CDK CLI looks every five seconds whether a stack is complete; the table is there long before.
            self._wait_for_table(table)
            stacks = {region: begin(f"deploy {region}", self._deploying(region)) for region in (first, second)}
            facts.api_ids = {region: stack.result()["ApiId"] for region, stack in stacks.items()}
            table.result()
        with self._report("first requests"):
            facts.token = issue_token(self.layout)
            facts.write(self.folder)
            for region in facts.api_ids:
                answer_health(self.region_api_url(region))
            resolve_failover_name(self.layout, DOMAIN, self.api_url)

    def _wait_for_table(self, deployment: Future[None]) -> None:
        """Until both Regions have their replica, or the deployment has ended, well or not."""
        exists_in = [table_finder(place) for place in self.layout.regions]
        while not (deployment.done() or all(exists() for exists in exists_in)):
            time.sleep(_BETWEEN_LOOKS_SECONDS)

    def _write_templates(self, hosted_zone_id: str, context: Mapping[str, str]) -> None:
        build_bundle(Target.LOCAL)
        self._deployment.synthesize(hosted_zone_id, context)

    def _bootstrapping(self, region: str) -> Callable[[], None]:
        return lambda: self._deployment.bootstrap(region)

    def _deploying(self, region: str) -> Callable[[], dict[str, str]]:
        return lambda: self._deployment.deploy_region(region)

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[Callable[[str, Callable[[], T]], Future[T]]]:
        """Run steps side by side. If one fails, or the caller is interrupted, all of them end before this does."""
        executor = ThreadPoolExecutor(_STEPS_AT_ONCE)

        def begin(name: str, work: Callable[[], T]) -> Future[T]:
            def step() -> T:
                with self._report(name):
                    return work()

            return executor.submit(step)

        try:
            yield begin
        except BaseException:
            self._programs.stop()
            executor.shutdown(cancel_futures=True)
            raise
        executor.shutdown()

    # -- one Region

    def stop_region(self, region: str, *, freeze: bool = False) -> dict[str, Any]:
        """Take a Region away at once: for good, with all its state, or frozen, to return with its old state."""
        with self._report(f"{'freeze' if freeze else 'kill'} {region}"):
            return self._supervised.order("freeze" if freeze else "kill", region=region)

    def start_region(self, region: str) -> str:
        """Give a Region back, and tell what it was: running, frozen or lost. A lost one is filled from its peer."""
        with self._report(f"start {region}"):
            was = str(self._supervised.order("start", region=region)["was"])
        facts = Facts.read(self.folder)
        if was not in ("running", "frozen"):
            facts.returning = sorted({*facts.returning, region})
            facts.write(self.folder)
        if region in facts.returning:
            self._bring_back(region, facts)
        return was

    def _bring_back(self, region: str, facts: Facts) -> None:
        """From an empty emulator to a Region that answers; done again from the start if it failed half-way."""
        zone = HostedZone(self.layout.global_.url, DOMAIN, facts.hosted_zone_id)
        with self._at_once() as begin:
            bootstrap = begin(f"bootstrap {region}", self._bootstrapping(region))
            begin(f"fill {region} from its peer", lambda: self._refill(region)).result()
            bootstrap.result()
            zone.forget_region(region)
            stack = begin(f"deploy {region}", self._deploying(region))
            if region == self.layout.regions[0].name:
                # The refill has made the table; its stack only has to know it again.
                begin("deploy the table", self._deployment.deploy_data).result()
            facts.api_ids[region] = stack.result()["ApiId"]
        with self._report("first requests"):
            zone.retire_health_checks()
            facts.returning.remove(region)
            facts.write(self.folder)
            answer_health(self.region_api_url(region))

    def _refill(self, region: str) -> dict[str, Any]:
        return control.ask(control.socket_path(self.folder, LINK), "refill", _REFILL_SECONDS, region=region)

    # -- what there is

    @property
    def api_url(self) -> str:
        """Under the failover name, which only our DNS server knows (localstack/resolver.py)."""
        return f"http://api.{DOMAIN}:{self.layout.regions[0].port}/v1"

    def region_api_url(self, region: str) -> str:
        api_id = Facts.read(self.folder).api_ids.get(region, "")
        return f"{self.layout.emulator(region).url}/restapis/{api_id}/live/_user_request_/v1" if api_id else ""

    def status(self) -> dict[str, Any]:
        """What a user needs to work with it."""
        parts = self.parts()
        facts = Facts.read(self.folder)
        return {
            "regions": {
                place.name: {
                    "state": "returning" if place.name in facts.returning else parts[place.name]["state"],
                    "endpoint": place.url,
                    "api_url": self.region_api_url(place.name),
                }
                for place in self.layout.regions
            },
            "api_url": self.api_url,
            "dns": f"{self.layout.dns.address}:{self.layout.dns.port}",
            "token": facts.token,
        }

    def parts(self) -> dict[str, Any]:
        """Every process with its state and its crashes."""
        return dict(self._supervised.order("status")["parts"])


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Cleaning up is not interrupted by a second Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
