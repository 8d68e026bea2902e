"""Drills run last, on the cloud that the demo has left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from localstack.drills.archive import Archive
from localstack.drills.bounds import Verdict
from localstack.drills.engine import Engine
from localstack.drills.evidence import Evidence
from localstack.drills.local_target import LocalTarget
from localstack.drills.story import Drill
from localstack.drills.verdicts import outcome_of
from tests.e2e.deployed import Deployed
from tests.one_cloud import Demonstrated

FOLDER = __name__.rpartition(".")[0].replace(".", "/")
SEED = 20261121
WELL_WITHIN_SECONDS = 120.0

Plays = Callable[[Drill, LocalTarget], Evidence]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A drill takes Regions away: whatever else shares the cloud comes first."""
    items.sort(key=lambda item: f"/{FOLDER}/" in str(item.path))


@pytest.fixture(scope="session")
def deployed(demonstrated: Demonstrated) -> Deployed:
    """The demo's cloud, whose Regions are both up again."""
    return demonstrated.deployed


@pytest.fixture
def plays(tmp_path: Path) -> Plays:
    """Play a drill, which has to hold; a failure tells all that happened, and how to play it again."""

    def play(drill: Drill, target: LocalTarget) -> Evidence:
        told: list[str] = []

        def tell(at: float, line: str) -> None:
            told.append(f"{at:6.1f} s  {line}")

        evidence = Engine(drill, target, SEED, tell=tell, well_within_seconds=WELL_WITHIN_SECONDS).play()
        outcome = outcome_of(drill, evidence)
        page = Archive(tmp_path).store(evidence, outcome, drill.guards).page
        seen = [f"{each.text}: {each.seen}" for each in outcome.broken]
        again = f"antipode drill {drill.name} --seed {SEED}"
        assert outcome.verdict is Verdict.HELD, "\n".join([*outcome.void_because, *seen, *told, again, str(page)])
        return evidence

    return play
