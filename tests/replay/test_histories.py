"""Every kept history replays, for ever: it gives the recorded state, and its agents go their recorded way.

A failure here means that jobs which are under way when this version is deployed would stop. Mend the code, or give the
changed agent a new version beside the old one; never change a history.
"""

from typing import get_args

import pytest

from functions.domain.job.events import Event
from functions.domain.job.state import fold
from tests.replay.kept import HISTORIES, KeptJob, digest_of_file, digests, read_history, state_shown
from tests.replay.replayer import faults_of
from tests.replay.scenarios import SCENARIOS, agent_named

FILES = sorted(HISTORIES.glob("*.json"))
JOBS = [pytest.param(job, id=f"{path.stem}-{place}") for path in FILES for place, job in enumerate(read_history(path))]


@pytest.mark.parametrize("job", JOBS)
def test_a_history_gives_the_state_that_it_gave_when_it_was_recorded(job: KeptJob) -> None:
    assert state_shown(job.segments) == job.state
    assert state_shown(tuple(reversed(job.segments))) == job.state


@pytest.mark.parametrize("job", JOBS)
def test_an_agent_goes_its_recorded_way_from_every_event_on_and_does_nothing_again(job: KeptJob) -> None:
    state = fold(job.segments)
    assert state is not None
    faults = faults_of(job.job_id, state, agent_named)
    assert not faults, "\n" + "\n".join(faults)


def test_no_history_was_changed_or_lost_since_it_was_recorded() -> None:
    assert {path.name: digest_of_file(path) for path in FILES} == digests(HISTORIES)


def test_every_scenario_has_its_history() -> None:
    assert {path.stem for path in FILES} >= set(SCENARIOS), "run: python -m tests.replay.record"


def test_the_histories_hold_every_kind_of_event_that_a_job_of_one_region_may_have() -> None:
    jobs = [job for path in FILES for job in read_history(path)]
    held = {event.kind for job in jobs for segment in job.segments for event in segment.events}
    of_no_consequence_to_an_agent = {"withdrawn", "stopped", "handed_over"}
    assert {kind.kind for kind in get_args(Event)} - held - of_no_consequence_to_an_agent == set()
