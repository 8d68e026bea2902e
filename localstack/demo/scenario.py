"""The demo's story: reviews of every distribution and two release audits, one Region killed in the middle of it.

Given both Regions up, when every distribution of this environment is submitted through the failover name, audits have
called jobs of their own and asked people, and one Region is killed, then the other one accepts the rest, finishes what
it adopts, takes the people's decisions, and the lost Region comes back to the same state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import distributions
from typing import Any

from localstack.cloud import LocalCloud
from localstack.demo.audits import (
    AGENT,
    RUNTIME,
    TOOLCHAIN,
    AuditPlan,
    note_the_loss,
    open_questions,
    review_seen,
    reviews_of,
)
from localstack.demo.legal_team import LegalTeam
from localstack.demo.observations import FINISHED, Accepted, AuditSeen, Loss, Observations, Outcome, Surroundings
from localstack.demo.outcomes import outcome_of
from localstack.demo.watcher import NAME, Story, Watcher
from localstack.evidence.replicas import Comparison, compare, fold_all
from localstack.faults import Faults
from localstack.model.accuracy import declaring_distributions
from localstack.plain_http import plain_client
from localstack.resolver import Resolver, ResolvingTransport
from stacks.api_client import ApiClient, ApiError, Submission

#: How long the model takes for an answer: first so long that there is work in flight to lose, afterwards less.
MODEL_SECONDS_BEFORE = 5.0
MODEL_SECONDS_AFTER = 1.5
SUBMITTERS = 2
#: Between two submits of one submitter: so that some reviews are done and some in flight when the Region is killed.
PACE_SECONDS = 0.1
#: The share of the submits after which the Region is killed.
KILLED_AFTER = 0.5
#: The share after which the second audit is submitted, so that its reviews are in flight then.
AUDITED_AFTER = 0.3
#: So many of its reviews have to be.
REVIEWS_IN_FLIGHT = 3
ASKED_WITHIN_SECONDS = 60.0
PATIENCE_SECONDS = 150.0
ADOPTED_WITHIN_SECONDS = 150.0
ALIKE_WITHIN_SECONDS = 60.0
PAUSE_SECONDS = 0.25


def every_distribution() -> list[str]:
    """The name of each distribution installed here, once, in order."""
    names = {str(found.metadata["Name"]).lower(): str(found.metadata["Name"]) for found in distributions()}
    return [names[key] for key in sorted(names)]


@dataclass(slots=True)
class Scenario:
    """One run. `seen` is what it wrote down."""

    cloud: LocalCloud
    story: Story
    watcher: Watcher
    seen: Observations
    declaring: frozenset[str]
    """Distributions whose own License-Expression is kept from the model, to measure how well it reads."""
    _begun: threading.Event = field(default_factory=threading.Event)
    _halfway: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failed_tries: int = 0
    _killed: bool = False

    def run(self) -> None:
        """Tell it from the beginning to the end."""
        first, second = (place.name for place in self.cloud.layout.regions)
        self._slow_model(MODEL_SECONDS_BEFORE)
        self.story.act = "Both Regions at work"
        self._audit(RUNTIME)
        self._wait_until_asked(self.seen.audits[0], second)
        self.story.tell(f"{len(self.story.distributions)} reviews are submitted through {NAME}")
        with ThreadPoolExecutor(SUBMITTERS) as pool:
            sent = [pool.submit(self._submit, name) for name in self.story.distributions]
            self._begun.wait(PATIENCE_SECONDS)
            self._audit(TOOLCHAIN)
            self._halfway.wait(PATIENCE_SECONDS)
            self._wait_for_reviews(self.seen.audits[1], first)
            self._lose(first, second)
            self._slow_model(MODEL_SECONDS_AFTER)
            with self._legal_team(second):
                for one in sent:
                    one.result()
                self._wait_for_results(second)
        self._bring_back(first)
        self._slow_model(0.0)
        self._look_at_the_end()

    def _slow_model(self, seconds: float) -> None:
        url = f"{self.cloud.layout.model.url}/control"
        with plain_client(timeout_seconds=5) as client:
            client.post(url, json={"latency_ms": int(seconds * 1000)}).raise_for_status()

    # -- audits

    def _audit(self, plan: AuditPlan) -> None:
        with self._failover_api() as api:
            job = api.submit(Submission(agent=AGENT, input=plan.input()), key=f"demo-audit-{plan.name}")
        self.seen.audits.append(
            AuditSeen(
                name=plan.name,
                job_id=job["id"],
                distributions=plan.distributions,
                at=round(self.story.now(), 3),
                home_region=job["home_region"],
            )
        )
        self.story.audits[plan.name] = job["id"]
        self.story.tell(f"release audit of the {plan.name}: {len(plan.distributions)} reviews by jobs of its own")

    def _wait_until_asked(self, audit: AuditSeen, survivor: str) -> None:
        """Until the Region that will be left can read the question too: replication takes its time."""

        def asked() -> bool:
            states = fold_all(self.watcher.readers[survivor].segments().values())
            return bool(open_questions(states.get(audit.job_id)))

        if _until(asked, ASKED_WITHIN_SECONDS):
            self.story.tell(f"the audit of the {audit.name} asks the legal team, and waits without a worker")

    def _wait_for_reviews(self, audit: AuditSeen, owner: str) -> None:
        def flying() -> bool:
            reviews = reviews_of(self.watcher.states, audit.job_id).values()
            return sum(state.owner_region == owner and not state.finished for state in reviews) >= REVIEWS_IN_FLIGHT

        _until(flying, ASKED_WITHIN_SECONDS)

    def _legal_team(self, region: str) -> LegalTeam:
        """People who have only the Region that is left."""
        token = self.cloud.status()["token"]
        api = ApiClient(self.cloud.region_api_url(region), token, patience_seconds=PATIENCE_SECONDS)
        return LegalTeam(api, region, self.seen.audits, lambda: self.watcher.states, self.story.now, self.story.tell)

    # -- submits

    def _failover_api(self, on_failed_try: Callable[[ApiError], None] = lambda _: None) -> ApiClient:
        status = self.cloud.status()
        return ApiClient(
            status["api_url"],
            status["token"],
            transport=ResolvingTransport(Resolver.of(self.cloud.layout)),
            patience_seconds=PATIENCE_SECONDS,
            on_failed_try=on_failed_try,
        )

    def _submit(self, distribution: str) -> None:
        hidden = distribution in self.declaring
        tries = [1]

        def failed(_: ApiError) -> None:
            tries[0] += 1
            with self._lock:
                self._failed_tries += self._killed

        with self._failover_api(failed) as api:
            request = {"distribution": distribution, "hide_expression": hidden}
            try:
                job = api.submit(Submission(agent="licence-review", input=request), key=f"demo-{distribution}")
            except ApiError as error:
                self.seen.never_accepted[distribution] = str(error)
                return
        self._accepted(job, distribution, hidden, tries[0])
        time.sleep(PACE_SECONDS)

    def _accepted(self, job: dict[str, Any], distribution: str, hidden: bool, tries: int) -> None:
        with self._lock:
            at = round(self.story.now(), 3)
            first_again = self._is_first_since_loss(job)
            self.story.jobs[distribution] = job["id"]
            row = Accepted(
                job_id=job["id"],
                distribution=distribution,
                at=at,
                home_region=job["home_region"],
                durability=job["durability"],
                hidden=hidden,
                tries=tries,
            )
            self.seen.accepted.append(row)
            for share, reached in ((AUDITED_AFTER, self._begun), (KILLED_AFTER, self._halfway)):
                if len(self.seen.accepted) >= share * len(self.story.distributions):
                    reached.set()
        if first_again and self.seen.loss is not None:
            after = at - self.seen.loss.killed_at
            self.story.tell(f"{NAME} leads to {job['home_region']}: first submit accepted {after:.1f} s after the kill")

    def _is_first_since_loss(self, job: dict[str, Any]) -> bool:
        loss = self.seen.loss
        if loss is None or job["home_region"] != loss.survivor:
            return False
        return all(row.at <= loss.killed_at or row.home_region != loss.survivor for row in self.seen.accepted)

    # -- the loss

    def _lose(self, lost: str, survivor: str) -> None:
        self.watcher.look()
        with self._lock:
            mine = {row.job_id for row in self.seen.accepted}
            states = fold_all(self.watcher.readers[lost].segments().values())
            flying = tuple(
                job
                for job in sorted(mine)
                if job not in states or (states[job].owner_region == lost and not states[job].finished)
            )
            for audit in self.seen.audits:
                note_the_loss(audit, states, lost)
            killed_at = round(self.story.now(), 3)
            self.seen.loss = Loss(region=lost, survivor=survivor, killed_at=killed_at, in_flight=flying)
            self._killed = True
            self.story.conditions[lost] = "lost"
        self.cloud.stop_region(lost)
        self.story.act = f"{lost} is lost"
        self.story.tell(f"kill -9 of all of {lost} with {len(flying)} acknowledged jobs in flight")

    def _wait_for_results(self, survivor: str) -> None:
        self.story.tell(f"every review is submitted; {survivor} finishes its own and what it adopts")
        mine = {*(row.job_id for row in self.seen.accepted), *(audit.job_id for audit in self.seen.audits)}

        def all_done() -> bool:
            states = self.watcher.states
            return all(job in states and states[job].status in FINISHED for job in mine)

        if _until(all_done, ADOPTED_WITHIN_SECONDS):
            adopted = sum(state.adoptions > 0 for state in self.watcher.states.values())
            self.story.tell(f"every acknowledged job is finished; {survivor} adopted {adopted}")
        else:
            self.story.tell("not every job finished in time")

    def _bring_back(self, lost: str) -> None:
        assert self.seen.loss is not None
        self.story.act = f"{lost} comes back"
        self.story.conditions[lost] = "returning"
        self.story.tell(f"{lost} starts empty, is filled from its peer and deployed anew")
        self.cloud.start_region(lost)
        self.story.conditions[lost] = "up"
        returned_at = round(self.story.now(), 3)
        self.story.tell(f"{lost} answers again")
        Faults(self.cloud.layout).wait_until_replicated()
        comparison = self._compared()
        end = time.monotonic() + ALIKE_WITHIN_SECONDS
        while comparison.folds_differ and time.monotonic() < end:
            time.sleep(PAUSE_SECONDS)
            comparison = self._compared()
        alike_at = None if comparison.folds_differ else round(self.story.now(), 3)
        self.seen.comparison = comparison
        self.seen.loss = replace(
            self.seen.loss, returned_at=returned_at, alike_at=alike_at, failed_tries=self._failed_tries
        )
        if alike_at is not None:
            self.story.tell("both Regions tell the same of every job")

    def _compared(self) -> Comparison:
        first, second = (self.watcher.readers[place.name].all_items() for place in self.cloud.layout.regions)
        return compare(first, second)

    # -- the end

    def _look_at_the_end(self) -> None:
        self.story.act = "The end"
        self.watcher.look()
        survivor = self.cloud.layout.regions[1].name
        states = fold_all(self.watcher.readers[survivor].segments().values())
        status = self.cloud.status()
        with ApiClient(self.cloud.region_api_url(survivor), status["token"]) as api:
            for row in self.seen.accepted:
                if row.job_id in states:
                    self.seen.outcomes[row.job_id] = self._outcome(api, row.job_id, states)
            for audit in self.seen.audits:
                if audit.job_id in states:
                    audit.outcome = self._outcome(api, audit.job_id, states)
                reviews = reviews_of(states, audit.job_id)
                audit.reviews = tuple(
                    review_seen(job, state, zero=self.story.zero, loss=self.seen.loss) for job, state in reviews.items()
                )
        conflicts = Faults(self.cloud.layout).conflicts()
        self.seen.link_conflicts = tuple(sorted(str(conflict) for conflict in conflicts))
        self.seen.samples = self.watcher.samples
        self.seen.ended_at = round(self.story.now(), 3)

    def _outcome(self, api: ApiClient, job: str, states: Any) -> Outcome:
        return outcome_of(api.job(job), states[job], zero=self.story.zero, loss=self.seen.loss)


def prepared(cloud: LocalCloud, story: Story, surroundings: Surroundings) -> Scenario:
    """Make a run of the story, ready to begin."""
    seen = Observations(surroundings=surroundings, distributions=len(story.distributions))
    return Scenario(cloud, story, Watcher(cloud, story), seen, frozenset(declaring_distributions()))


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_SECONDS)
    return True
