"""Telling: each event of this Region's own once, whatever its stream shows, and what becomes of refusals."""

from dataclasses import replace

import pytest

from functions.application.broadcast_events import KNOWN_JOBS, Broadcast
from functions.application.webhook_ports import BusEntry
from functions.domain.job.events import AttemptStarted, JobAdopted, JobSucceeded, StepSucceeded
from functions.domain.job.history import Segment
from functions.domain.moments import add_seconds
from tests.unit.application.tellers import EAST, HOOK, JOB, NOON, OPENING, WEST, Telling, news, segment

STARTED = AttemptStarted(at=NOON, worker="w", reason="submitted", delivery=1)
DONE = JobSucceeded(at=NOON, result=7)
LAST = segment(STARTED, DONE, first=2)


def both_streams(own_only: bool = True) -> tuple[Telling, Telling]:
    """A job submitted in the east, copied directly to the west, run in the east, replicated: both streams, told."""
    east, west = Telling(EAST, own_only=own_only), Telling(WEST, own_only=own_only)
    opening = segment(OPENING)
    for each in (east, west):
        each.append(opening, LAST)
    east.tell(*news(opening, LAST))
    west.tell(*news(opening))  # the direct copy
    west.tell(*news(LAST))  # what replication brought
    return east, west


class TestOncePerRegionOfOrigin:
    def test_an_event_is_told_by_the_region_that_wrote_it_though_both_streams_show_it(self) -> None:
        east, west = both_streams()
        assert east.names() == ["job.submitted", "job.started", "job.succeeded"]
        assert west.names() == []

    def test_without_the_writer_filter_each_is_told_twice(self) -> None:
        east, west = both_streams(own_only=False)
        assert [detail["id"] for detail in east.told()] == [detail["id"] for detail in west.told()] != []

    def test_after_an_adoption_the_survivor_tells_under_its_own_epoch(self) -> None:
        west = Telling(WEST)
        west.append(segment(OPENING), segment(STARTED, first=2))
        adopted = JobAdopted(at=NOON, from_epoch=1, from_region=EAST, from_sequence=2, reason="lost")
        west.tell(*news(Segment(JOB, 2, WEST, 3, (adopted, STARTED, DONE))))
        assert [detail["id"] for detail in west.told()] == [f"{JOB}/2.{WEST}/4", f"{JOB}/2.{WEST}/5"]
        assert {detail["agent"] for detail in west.told()} == {"probe"}

    def test_a_batch_that_comes_again_has_the_same_ids(self) -> None:
        east = Telling()
        for _ in range(2):
            east.tell(*news(segment(OPENING)))
        first, again = east.told()
        assert first == again

    def test_what_was_restored_into_an_empty_replica_long_after_it_happened_is_not_told(self) -> None:
        east = Telling()
        (new,) = news(segment(OPENING))
        assert east.tell(replace(new, arrived_at=add_seconds(NOON, 901))) is None
        assert east.told() == []


class TestWhatIsSaidOfAJob:
    def test_a_later_segment_is_told_with_what_the_first_one_says(self) -> None:
        east = Telling()
        east.append(segment(OPENING))
        east.tell(*news(LAST))
        assert {(detail["tenant"], detail["agent"], detail["lane"]) for detail in east.told()} == {
            ("acme", "probe", "standard")
        }

    def test_the_first_segment_is_read_once_for_all_that_follow_it(self) -> None:
        east = Telling()
        east.append(segment(OPENING))
        east.tell(*news(LAST))
        east.table.segments.clear()
        east.tell(*news(LAST))
        assert len(east.told()) == 4

    def test_what_is_known_of_jobs_does_not_grow_for_ever(self) -> None:
        east = Telling()
        many = [segment(OPENING, job=f"job_{number}") for number in range(KNOWN_JOBS + 5)]
        east.tell(*news(*many))
        assert len(east.broadcaster._known) == KNOWN_JOBS

    def test_a_job_without_a_first_segment_is_passed_over_and_logged(self) -> None:
        east = Telling()
        assert east.tell(*news(LAST)) is None
        assert ("not_told", "ERROR") in [(event, said.get("level")) for event, said in east.said]

    def test_what_concerns_workers_alone_reads_nothing(self) -> None:
        east = Telling()
        east.table.refusing = True
        step = StepSucceeded(at=NOON, step="s", step_kind="tool", arguments="a", result=1)
        assert east.tell(*news(segment(step, first=3))) is None


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "told"),
        [
            (Broadcast.ON, ["job.submitted", "job.started", "job.succeeded"]),
            (Broadcast.ASKED, []),
            (Broadcast.ENDS_ONLY, ["job.succeeded"]),
            (Broadcast.OFF, []),
        ],
    )
    def test_what_goes_on_the_bus_is_a_setting(self, mode: Broadcast, told: list[str]) -> None:
        east = Telling(mode=mode)
        east.tell(*news(segment(OPENING), LAST))
        assert east.names() == told

    def test_what_a_webhook_asks_for_is_marked_and_in_mode_asked_all_that_is_told(self) -> None:
        east = Telling(mode=Broadcast.ASKED)
        east.put(replace(HOOK, events=("job.started",)))
        east.tell(*news(segment(OPENING), LAST))
        assert [(detail["event"], detail["asked"]) for detail in east.told()] == [("job.started", True)]

    def test_a_callback_asks_for_the_end_of_its_job(self) -> None:
        east = Telling(mode=Broadcast.ASKED)
        east.tell(*news(segment(replace(OPENING, callback_url="https://example.com/c")), LAST))
        assert [(detail["event"], detail["callback_url"]) for detail in east.told()] == [
            ("job.succeeded", "https://example.com/c")
        ]

    def test_where_nobody_can_say_whether_a_webhook_asks_it_is_told(self) -> None:
        east = Telling(mode=Broadcast.ASKED)
        east.table.refusing = True
        east.tell(*news(segment(OPENING)))
        assert [detail["asked"] for detail in east.told()] == [True]


class TestRefusals:
    def test_what_the_bus_refuses_is_offered_again_alone(self) -> None:
        east = Telling()
        offered: list[str] = []

        def refuses(entry: BusEntry) -> bool:
            offered.append(entry.name)
            return entry.name == "job.started" and offered.count("job.started") == 1

        east.bus.refuses = refuses
        assert east.tell(*news(segment(OPENING), LAST)) is None
        assert offered == ["job.submitted", "job.started", "job.succeeded", "job.started"]

    def test_a_bus_that_goes_on_refusing_has_the_batch_come_again_from_there(self) -> None:
        east = Telling()
        east.bus.refuses = lambda entry: entry.name == "job.succeeded"
        assert east.tell(*news(segment(OPENING), LAST)) == 1
        assert east.clock.moment > NOON

    def test_a_table_that_refuses_has_the_batch_come_again_from_there_and_tells_what_came_before(self) -> None:
        east = Telling()
        other = segment(DONE, job="job_other", first=2)
        east.tell(*news(segment(OPENING)))
        east.table.refusing = True
        assert east.tell(*news(LAST, other)) == 1
        assert east.names() == ["job.submitted", "job.started", "job.succeeded"]
