"""Looks at both Regions again and again while the demo runs, and puts what it sees into a picture and into samples."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from functions.domain.job.state import JobState
from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.demo.audits import PLANS, AuditPlan, decided_in, open_questions, reviews_of
from localstack.demo.observations import FINISHED, Sample
from localstack.demo.picture import AuditPicture, Cell, Condition, LaneDepth, Picture, RegionPicture, Told
from localstack.evidence.replicas import ReplicaReader, fold_all
from localstack.first_use import TABLE
from localstack.plain_http import plain_client
from localstack.resolver import NameNotFound, Resolver

LOOK_SECONDS = 0.7
NAME = "api.antipode.test"


@dataclass(slots=True)
class Story:
    """What the story itself knows: its act, its jobs, its lines. Shared by threads."""

    distributions: Sequence[str]
    zero: float
    act: str = ""
    conditions: dict[str, Condition] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    """Job ids by distribution."""
    audits: dict[str, str] = field(default_factory=dict)
    """Job ids by what is audited."""
    told: list[Told] = field(default_factory=list)
    on_line: Callable[[Told], None] = lambda _: None

    def now(self) -> float:
        """Seconds since the story began."""
        return time.time() - self.zero

    def tell(self, line: str) -> None:
        """Say what happens."""
        told = Told(self.now(), line)
        self.told.append(told)
        self.on_line(told)


class Watcher:
    """Watches in a thread of its own; `picture` is what was seen last."""

    def __init__(self, cloud: LocalCloud, story: Story) -> None:
        self._cloud = cloud
        self._story = story
        self._places = cloud.layout.regions
        self.readers = {
            place.name: ReplicaReader(admin_client("dynamodb", place.name, place.url), TABLE) for place in self._places
        }
        self._http = plain_client(timeout_seconds=2)
        self._resolver = Resolver.of(cloud.layout)
        self.samples: list[Sample] = []
        self.states: Mapping[str, JobState] = {}
        self.picture = self._drawn({}, {}, None)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._http.close()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Look once. What does not answer is shown as not known."""
        items: dict[str, int] = {}
        states: dict[str, JobState] = {}
        for place in self._places:
            if self._story.conditions.get(place.name, "up") != "up":
                continue
            with contextlib.suppress(Exception):  # a Region that is just being killed answers in many ways
                segments = self.readers[place.name].segments()
                items[place.name] = len(segments)
                for job, state in fold_all(segments.values()).items():
                    known = states.get(job)
                    if known is None or (state.epoch, state.last_sequence) > (known.epoch, known.last_sequence):
                        states[job] = state
        if states:
            self.states = states
        answering = self._answering()
        self.picture = self._drawn(self.states, items, answering)
        busy = {
            place.name: sum(state.owner_region == place.name and not state.finished for state in states.values())
            for place in self._places
        }
        finished = sum(job in self.states and self.states[job].finished for job in tuple(self._story.jobs.values()))
        acknowledged = len(self._story.jobs)
        self.samples.append(
            Sample(
                at=round(self._story.now(), 3),
                acknowledged=acknowledged,
                finished=finished,
                busy=busy,
                answering=answering,
            )
        )

    def _answering(self) -> str | None:
        self._resolver.forget()
        try:
            resolved = self._resolver.resolve(NAME)
        except NameNotFound:
            return None
        for place in self._places:
            if place.address == resolved.address and resolved.port in (None, place.port):
                return place.name
        return None

    def _drawn(self, states: Mapping[str, JobState], items: Mapping[str, int], answering: str | None) -> Picture:
        first, second = (self._region(place.name, states, items) for place in self._places)
        return Picture(
            at=self._story.now(),
            act=self._story.act,
            failover_name=NAME,
            answering=answering,
            regions=(first, second),
            cells=tuple(self._cell(distribution, states) for distribution in self._story.distributions),
            audits=tuple(self._audit(plan, states) for plan in PLANS),
            told=tuple(self._story.told),
        )

    def _region(self, name: str, states: Mapping[str, JobState], items: Mapping[str, int]) -> RegionPicture:
        own = [state for state in states.values() if state.owner_region == name]
        condition = self._story.conditions.get(name, "up")
        said = self._said_by(name) if condition == "up" else {}
        beats = {row["name"]: row["heartbeat_age_seconds"] for row in said.get("regions", ())}
        lanes = {lane: LaneDepth(row["waiting"], row["in_flight"]) for lane, row in said.get("lanes", {}).items()}
        return RegionPicture(
            name=name,
            condition=condition,
            heartbeat_age=beats.get(name),
            lanes=lanes,
            queued=sum(state.status == "queued" for state in own),
            running=sum(state.status == "running" for state in own),
            done=sum(state.status in FINISHED for state in own),
            adopted=sum(state.adoptions > 0 for state in own),
            items=items.get(name),
        )

    def _said_by(self, region: str) -> dict[str, Any]:
        url = self._cloud.region_api_url(region)
        if not url:
            return {}
        try:
            answer = self._http.get(f"{url}/regions", headers={"Authorization": f"Bearer {self._token()}"})
            return dict(answer.json()) if answer.status_code == 200 else {}
        except (httpx.TransportError, ValueError):
            return {}

    def _token(self) -> str:
        return str(self._cloud.status()["token"])

    def _audit(self, plan: AuditPlan, states: Mapping[str, JobState]) -> AuditPicture:
        job = self._story.audits.get(plan.name)
        state = None if job is None else states.get(job)
        reviews = () if job is None else tuple(reviews_of(states, job).values())
        unsent = (Cell("unsent"),) * (len(plan.distributions) - len(reviews))
        result = state.result if state is not None and isinstance(state.result, dict) else {}
        return AuditPicture(
            name=plan.name,
            cell=Cell("unsent") if job is None else self._cell_of(state),
            status="" if state is None else state.status,
            reviews=(*(self._cell_of(review) for review in reviews), *unsent),
            asked=len(open_questions(state)),
            decided=len(decided_in(state)),
            verdict=str(result["verdict"]) if "verdict" in result else None,
        )

    def _cell(self, distribution: str, states: Mapping[str, JobState]) -> Cell:
        job = self._story.jobs.get(distribution)
        return Cell("unsent") if job is None else self._cell_of(states.get(job))

    def _cell_of(self, state: JobState | None) -> Cell:
        if state is None:
            return Cell("queued")
        adopted = state.adoptions > 0
        if state.finished:
            return Cell("done" if state.status == "succeeded" else "failed", state.owner_region, adopted)
        if self._story.conditions.get(state.owner_region, "up") == "lost":
            return Cell("stranded", state.owner_region)
        return Cell("running" if state.status == "running" else "queued", state.owner_region, adopted)
