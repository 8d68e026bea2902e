"""The sentinel's function."""

from functions.domain.ownership.verdict import Heartbeat
from functions.handlers.watch_regions import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process


def test_it_beats_through_the_minute(process: Process) -> None:
    handle(event("scheduled"), None)
    beat = process.table.beats["us-east-1"]
    assert 12 <= beat.beat <= 13
    assert 1057 <= process.clock.seconds <= 1062


def test_a_peer_that_is_silent_on_both_ways_is_held_for_lost(process: Process) -> None:
    process.probe.answer = False
    handle(event("scheduled"), None)
    assert process.table.verdicts["us-east-1"].lost


def test_a_peer_whose_endpoint_alone_is_silent_is_not(process: Process) -> None:
    process.probe.answer = False

    def beat() -> None:
        last = process.table.beats.get("us-west-2")
        process.table.beats["us-west-2"] = Heartbeat("us-west-2", process.clock.moment, last.beat + 1 if last else 1)

    process.clock.on_sleep.append(beat)
    handle(event("scheduled"), None)
    assert not process.table.verdicts["us-east-1"].lost
