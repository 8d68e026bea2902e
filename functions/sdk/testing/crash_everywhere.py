"""Kill an agent's worker at every place in turn, and show that nothing but time was lost.

A place is just before or just after an effect, or a write. Each run is compared with the one that nothing happened to.
It is done twice: as in the cloud, where events are written in groups, and with each event durable at once.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, Unpack

from functions.domain.job.events import Json
from functions.sdk.agent import AgentDefinition
from functions.sdk.testing.cloud import Cloud
from functions.sdk.testing.run_agent import Run, Scene, Surroundings

#: How each job ended: status, what is compared of its result, and its error.
_Ends: TypeAlias = dict[str, tuple[str, object, Mapping[str, str] | None]]


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What was tried. `repeated`: the most times an effect was begun, for those begun twice before their end was known.

    Such effects happen in the cloud, too: their tools must make use of the `idempotency_key`, or be safe to repeat.
    """

    run: Run
    places: tuple[str, ...]
    runs: int
    repeated: Mapping[str, int]

    def __str__(self) -> str:
        """Say it in two sentences."""
        repeated = ", ".join(f"{step} ({times} times)" for step, times in sorted(self.repeated.items())) or "none"
        return (
            f"{self.run.agent} {self.run.status} alike in {self.runs} runs, killed at {len(self.places)} places, "
            f"once and twice. Begun again before their end was recorded: {repeated}."
        )


def crash_everywhere(
    agent: AgentDefinition,
    input: object,
    *,
    same: Callable[[Json], object] = lambda result: result,
    every: int = 1,
    **surroundings: Unpack[Surroundings],
) -> CrashReport:
    """Run an agent undisturbed, then with its worker killed at each place, and once more as the next one goes on.

    Raises AssertionError with the story of the first run that ends otherwise, does not end, or does again what was
    recorded. `same` picks what must be equal of results that hold moments; `every=n` tries each n-th place only. The
    rest is as in `run`; functions among the answers and tools must give equal answers to equal questions.
    """
    trial = _Trial(Scene(agent, input, surroundings), same, every)
    undisturbed, _ = [trial.crash_at_all_places(eager=eager) for eager in (False, True)]
    return CrashReport(undisturbed, tuple(trial.places), trial.runs, dict(trial.repeated))


class _Trial:
    """All the runs of one agent."""

    def __init__(self, scene: Scene, same: Callable[[Json], object], every: int) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1, it is {every}")
        self._scene = scene
        self._same = same
        self._every = every
        self._expected: tuple[_Ends, Run] | None = None
        self.places: list[str] = []
        self.runs = 0
        self.repeated: Counter[str] = Counter()

    def crash_at_all_places(self, *, eager: bool) -> Run:
        """Do it, and return the undisturbed run."""
        run, cloud = self._scene.play(eager=eager)
        self._check(run, cloud)
        places = cloud.lives[0].places
        self.places += places
        for number in range(0, len(places), self._every):
            resumed = self._crash((number,), eager)
            if resumed:
                self._crash((number, number % resumed), eager)
        return run

    def _crash(self, deaths: tuple[int, ...], eager: bool) -> int:
        """Have it run and check what came of it; return at how many places its last worker came by."""
        try:
            run, cloud = self._scene.play(deaths, eager=eager)
        except AssertionError as error:
            raise AssertionError(f"{self._scene.agent.name}, killed at {deaths}: {error}") from error
        self._check(run, cloud)
        return len(cloud.lives[-1].places) if len(cloud.lives) > len(deaths) else 0

    def _check(self, run: Run, cloud: Cloud) -> None:
        self.runs += 1
        ends = self._ends(run)
        expected, undisturbed = self._expected = self._expected or (ends, run)
        if cloud.effects.again:
            again = ", ".join(key.partition("/")[2] for key in cloud.effects.again)
            raise AssertionError(
                _told(f"{again}: carried out again though its end was recorded", undisturbed, run, cloud)
            )
        for job, end in expected.items():
            if ends.get(job) != end:
                what = f"ended as {ends.get(job)!r}, undisturbed as {end!r}"
                raise AssertionError(_told(what, undisturbed, run, cloud))
        for key, times in cloud.effects.begun.items():
            step = key.partition("/")[2]
            if times > 1 and not _has_retries(run, step):
                self.repeated[step] = max(self.repeated[step], times)

    def _ends(self, run: Run) -> _Ends:
        ends: _Ends = {run.job_id: (run.status, self._same(run.result), run.error)}
        for child in run.children:
            ends |= self._ends(child)
        return ends


def _has_retries(run: Run, step: str) -> bool:
    retried = any(event["kind"] == "step_attempt_failed" and event["step"] == step for event in run.events)
    return retried or any(_has_retries(child, step) for child in run.children)


def _told(what: str, undisturbed: Run, run: Run, cloud: Cloud) -> str:
    """Return the story of a run that went wrong, for people."""
    killed = [life.places[-1] for life in cloud.lives if life.over.is_set()]
    lines = [f"{run.agent}: {what}"]
    lines += [f"killed {place} (of worker {number})" for number, place in enumerate(killed, 1)]
    lines += ["", "undisturbed:", undisturbed.story, "", "killed:", run.story]
    return "\n".join(lines)
