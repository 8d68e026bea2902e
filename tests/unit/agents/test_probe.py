"""The probe: as many steps as asked for, as long and as large."""

from typing import Any

import pytest

from functions.agents.probe import ProbeFailure, probe
from functions.domain.errors import AntipodeError
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json
from tests.simulation.virtual_time import VirtualClock, in_virtual_time
from tests.unit.sdk.recording import Recording


@in_virtual_time
async def test_it_does_as_many_steps_as_asked_each_as_long_as_asked() -> None:
    recording = Recording()
    result = await probe.run(recording, {"steps": 4, "milliseconds": 250, "payload_bytes": 10})
    assert result == {"steps": 4, "payload_bytes": 40}
    assert VirtualClock().monotonic() == 1.0
    assert [step.arguments for step in recording.steps] == [[[number, 250.0, 10], {}] for number in (1, 2, 3, 4)]
    assert {step.name for step in recording.steps} == {"probe_step"}
    assert recording.steps[0].result == "x" * 10


@in_virtual_time
async def test_no_steps_are_done_at_once() -> None:
    recording = Recording()
    assert await probe.run(recording, {"steps": 0, "milliseconds": 60_000}) == {"steps": 0, "payload_bytes": 0}
    assert not recording.steps


@in_virtual_time
async def test_it_fails_at_the_step_that_it_is_told_to_after_those_before() -> None:
    recording = Recording()
    with pytest.raises(ProbeFailure, match="step 3 fails, as asked"):
        await probe.run(recording, {"steps": 5, "milliseconds": 1, "fail_at": 3})
    assert len(recording.steps) == 2


@in_virtual_time
async def test_it_reads_its_steps_again_without_waiting() -> None:
    recording = Recording()
    first = await probe.run(recording, {"steps": 3, "milliseconds": 1000})
    recording.rewind()
    assert await probe.run(recording, {"steps": 3, "milliseconds": 1000}) == first
    assert VirtualClock().monotonic() == 3.0


WAITS: dict[str, Json] = {"sleep_seconds": 60, "signal": "go", "approval_group": "legal", "wait_seconds": 5}


def arrival(kind: ArrivalKind, name: str, body: Json) -> Arrival:
    return Arrival(job_id="job_a", region="us-east-1", kind=kind, name=name, at="T", by="ann", body=body)


@in_virtual_time
async def test_it_waits_as_asked_after_its_steps_and_ends_like_any_other() -> None:
    decision = arrival(ArrivalKind.DECISION, "approval", {"approved": True, "comment": ""})
    recording = Recording(arrives=[None, arrival(ArrivalKind.SIGNAL, "go/1", None), decision])
    result = await probe.run(recording, {"steps": 2, "milliseconds": 1, **WAITS})
    assert result == {"steps": 2, "payload_bytes": 0}
    assert [(wait.kind, wait.seconds) for wait in recording.waits] == [("sleep", 60), ("signal", 5), ("approval", 5)]
    assert recording.waits[2].about == {"group": "legal", "question": "May this probe of 2 steps end well?"}


@in_virtual_time
async def test_it_fails_where_its_approval_is_refused_and_names_who_refused() -> None:
    refusal = arrival(ArrivalKind.DECISION, "approval", {"approved": False, "comment": ""})
    with pytest.raises(ProbeFailure, match="ann said no"):
        await probe.run(Recording(arrives=[refusal]), {"steps": 0, "milliseconds": 1, "approval_group": "legal"})


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"steps": -1, "milliseconds": 1}, "input.steps"),
        ({"steps": 10_001, "milliseconds": 1}, "input.steps"),
        ({"steps": 1, "milliseconds": 60_001}, "input.milliseconds"),
        ({"steps": 1, "milliseconds": "soon"}, "input.milliseconds"),
        ({"steps": 1, "milliseconds": 1, "payload_bytes": 90_001}, "input.payload_bytes"),
        ({"steps": 1, "milliseconds": 1, "fail_at": 0}, "input.fail_at"),
        ({"steps": 1, "milliseconds": 1, "colour": "red"}, "input.colour"),
        ({"milliseconds": 1}, "input.steps"),
        ({"steps": 1, "milliseconds": 1, "sleep_seconds": -1}, "input.sleep_seconds"),
        ({"steps": 1, "milliseconds": 1, "signal": "a/b"}, "input.signal"),
        ({"steps": 1, "milliseconds": 1, "approval_group": ""}, "input.approval_group"),
        ({"steps": 1, "milliseconds": 1, "wait_seconds": 0}, "input.wait_seconds"),
    ],
)
def test_an_input_that_it_cannot_do_names_the_field(value: Any, field: str) -> None:
    with pytest.raises(AntipodeError) as caught:
        probe.check_input(value)
    assert (caught.value.code, caught.value.field) == ("invalid_body", field)
