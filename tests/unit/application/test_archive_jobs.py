"""Old histories on their way from the table to S3: whoever dies, wherever, in either Region, no job is lost on it."""

from typing import Any

import pytest

from functions.adapters.memory import ArrivalRow
from functions.adapters.memory_archive import MemoryArchive
from functions.application import archive_jobs
from functions.application.archive_jobs import ArchiveJobs
from functions.domain.dead_letter import LetterType
from functions.domain.ids import shard_of
from functions.domain.job.events import JobFailed, JobRedriven, JobSucceeded, StepSucceeded
from functions.domain.job.history import ArchivePlace, JobRecord, Segment
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from tests.unit.application.archived_regions import (
    DAY,
    EAST,
    NOW,
    PEER,
    WEST,
    Life,
    Regions,
    adopted,
    failed,
    plain,
    signal,
    submitted,
)

ENDED, IN_HAND, HEARD = plain("ended"), adopted("adopted"), plain("heard")
OF_WEST = plain("of the second Region", WEST)
GOING = [job for job, _ in (ENDED, IN_HAND, HEARD, OF_WEST)]


def regions_with_old_jobs() -> Regions:
    """Jobs of either Region, one that changed hands, and one for which the other Region took something in."""
    regions = Regions()
    for _, segments in (ENDED, IN_HAND, HEARD, OF_WEST):
        regions.write(*segments)
    arrival = signal(HEARD[0], WEST)
    key = (HEARD[0], f"IN#{WEST}#{arrival.kind}#{arrival.name}")
    regions.tables[WEST].arrivals[key] = ArrivalRow(arrival, EAST, "batch")
    regions.replicate()
    return regions


AS_AT_FIRST = regions_with_old_jobs().states(EAST, GOING)


def assert_whole(regions: Regions) -> None:
    """Every job is read in both Regions as it was."""
    for region in PEER:
        assert regions.states(region, GOING) == AS_AT_FIRST, f"read in {region}"


class TestRound:
    def test_what_ended_long_ago_goes_to_both_shelves_first_and_on_a_later_day_from_the_table(self) -> None:
        regions = regions_with_old_jobs()
        regions.run(EAST)
        assert regions.said[-1] == {"event": "jobs_archived", "archived": 2, "struck_out": 0, "unreadable": 0}
        assert regions.shelves[EAST].objects == regions.shelves[WEST].objects != {}
        assert regions.held(EAST, ENDED[0]) == ["E#000001.us-east-1#00000001", "E#000001.us-east-1#00000002"]
        regions.replicate()
        regions.days(3)
        for region in PEER:
            assert {job: regions.held(region, job) for job in GOING} == {job: [] for job in GOING}
        assert_whole(regions)

    def test_each_region_deletes_what_it_wrote_and_nothing_else(self) -> None:
        regions = regions_with_old_jobs()
        for region in (EAST, WEST, EAST):
            if region == EAST:
                regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
            regions.run(region)
            regions.replicate("segments", "places")  # not what the second Region has struck out of arrivals
        assert regions.held(EAST, IN_HAND[0]) == ["E#000002.us-west-2#00000000", "E#000002.us-west-2#00000003"]
        assert regions.held(EAST, HEARD[0]) == ["IN#us-west-2#signal#go/k"]
        assert regions.held(WEST, HEARD[0]) == []

    def test_a_job_is_found_again_until_all_else_of_it_is_gone(self) -> None:
        regions = regions_with_old_jobs()
        regions.days(1)
        life = Life(dies_at=1, after=True)
        assert not regions.run(EAST, life)
        left = [job for job in GOING if len(regions.held(EAST, job)) == 1]
        assert all("#00000002" not in key for job in left for key in regions.held(EAST, job))

    def test_nothing_is_read_twice_on_one_day_and_everything_that_stays_again_on_the_next(self) -> None:
        regions = regions_with_old_jobs()
        regions.run(EAST)
        regions.replicate()
        regions.run(EAST)
        assert regions.said[-1]["struck_out"] == 0
        regions.clock.moment = add_seconds(NOW, DAY + 60)
        regions.run(EAST)
        assert regions.said[-1]["struck_out"] > 0

    def test_an_object_holds_so_many_jobs_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive_jobs, "MOST_JOBS", 2)
        regions = Regions()
        jobs = [plain(f"job {number}") for number in range(5)]
        for _, segments in jobs:
            regions.write(*segments)
        regions.days(3)
        assert len(regions.shelves[EAST].objects) == 3
        for job, segments in jobs:
            state = regions.state(WEST, job)
            assert state is not None
            assert state.result == segments[1].events[0].result  # type: ignore[union-attr]
            assert regions.held(WEST, job) == []


class TestWhoStays:
    def stays(self, regions: Regions, job: str) -> bool:
        regions.days(3)
        return not regions.tables[EAST].places and len(regions.held(EAST, job)) > 0

    def test_a_job_that_ended_lately_stays(self) -> None:
        regions = Regions()
        job, segments = plain("lately", at=add_seconds(NOW, -20 * DAY))
        regions.write(*segments)
        assert self.stays(regions, job)

    def test_a_job_that_began_long_ago_and_ended_lately_stays(self) -> None:
        regions = Regions()
        job, (first, _) = plain("long")
        at = add_seconds(NOW, -1 * DAY)
        regions.write(first, Segment(job, 1, EAST, 2, (JobSucceeded(at=at, result="done"),)))
        assert self.stays(regions, job)

    def test_a_job_that_has_not_ended_stays(self) -> None:
        regions = Regions()
        job, (first, _) = plain("runs")
        regions.write(first)
        assert self.stays(regions, job)

    def test_a_job_of_which_a_part_is_missing_stays(self) -> None:
        regions = Regions()
        job, (first, last) = plain("gap")
        regions.write(first, Segment(job, 1, EAST, 3, last.events))
        assert self.stays(regions, job)

    @pytest.mark.parametrize("dismissed", [False, True])
    def test_a_failed_job_stays_while_it_is_on_the_list_of_dead_letters(self, dismissed: bool) -> None:
        regions = Regions()
        job, segments, letter = failed("failed", dismissed=dismissed)
        regions.write(*segments)
        regions.tables[EAST].dead["acme", LetterType.JOB, job, EAST] = letter
        regions.replicate()
        assert self.stays(regions, job) is not dismissed

    def test_a_history_that_this_release_cannot_read_stays_and_holds_up_no_other(self) -> None:
        regions = Regions()
        job, segments = plain("readable")
        regions.write(*segments)
        strange, (first, _) = plain("strange")
        regions.write(first)
        regions.tables[EAST].places[strange, EAST] = ArchivePlace(EAST, NOW, "a", 0, 3)
        for shelf in regions.shelves.values():
            shelf.objects["a"] = b"???"
        regions.replicate()
        regions.days(3)
        assert regions.held(EAST, job) == []
        assert regions.held(EAST, strange) != []
        assert regions.said[0]["unreadable"] == 1


class TestDeath:
    def places(self) -> int:
        regions, life, places = regions_with_old_jobs(), Life(), 0
        for _ in range(2):
            for region in PEER:
                life = Life()
                assert regions.run(region, life)
                places = max(places, life.changes)
                regions.replicate()
            regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
        return places

    def test_whoever_dies_twice_at_any_place_in_both_regions_loses_no_job_and_all_go_in_the_end(self) -> None:
        places = self.places()
        assert places >= 8, "the places at which one may die were not found"
        for dies_at in range(places):
            for after in (False, True):
                regions = regions_with_old_jobs()
                for _ in range(3):  # on the first day they archive, on the second they strike out
                    for region in (EAST, WEST, EAST, WEST):
                        regions.run(region, Life(dies_at, after))
                        assert_whole(regions)
                        regions.replicate()
                        assert_whole(regions)
                    regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
                regions.days(3)
                assert_whole(regions)
                left = {job: regions.held(EAST, job) for job in GOING if regions.held(EAST, job)}
                assert left == {}, f"died at {dies_at}"

    def test_while_the_peer_cannot_be_reached_nothing_goes_from_the_table(self) -> None:
        for refuses in ("shelf", "table"):
            regions = regions_with_old_jobs()
            if refuses == "table":
                regions.run(EAST)  # archived, and noted here
                regions.replicate()
                regions.tables[WEST].refusing = True
            else:
                regions.shelves[WEST].refusing = True
            for _ in range(3):
                regions.run(EAST)
                regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
            assert regions.held(EAST, ENDED[0]) != []
            assert "refuse" in regions.said[-1]["refused"]


class Hasty(ArchiveJobs):
    """Believes that what it put away is there, and asks nobody."""

    async def _archived(self, job_id: str, place: ArchivePlace) -> JobRecord | None:
        return (await self.book.hold(job_id)).record

    async def _both_have(self, job_id: str, place: ArchivePlace) -> bool:
        return True


class Forgetful(MemoryArchive):
    """Says that it has kept what it has not."""

    async def put(self, name: str, data: bytes) -> None:
        """See Archive."""


class Trusting(ArchiveJobs):
    """Does not ask what the peer knows."""

    async def _both_have(self, job_id: str, place: ArchivePlace) -> bool:
        return True


def readable(regions: Regions, region: str, job: str) -> bool:
    return regions.state(region, job) is not None


class TestTheOrder:
    """Each of its rules, in force and switched off."""

    @pytest.mark.parametrize("kind", [ArchiveJobs, Hasty])
    def test_what_the_archive_does_not_give_back_stays_in_the_table(self, kind: type[ArchiveJobs]) -> None:
        regions = regions_with_old_jobs()
        regions.shelves = {EAST: Forgetful(), WEST: Forgetful()}
        for _ in range(3):
            regions.run(EAST, kind=kind)
            regions.replicate()
            regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
        assert (regions.held(EAST, ENDED[0]) == []) is (kind is Hasty), "without the rule its history is gone"
        assert regions.shelves[EAST].objects == {}

    @pytest.mark.parametrize("kind", [ArchiveJobs, Trusting])
    def test_nothing_goes_before_the_peer_knows_where_it_is(self, kind: type[ArchiveJobs]) -> None:
        regions = regions_with_old_jobs()
        for _ in range(2):
            regions.run(EAST, kind=kind)
            regions.replicate("segments")  # items come in any order, and the one that says where may come last
            regions.clock.moment = add_seconds(regions.clock.moment, DAY + 60)
        assert readable(regions, WEST, ENDED[0]) is (kind is ArchiveJobs)

    @pytest.mark.parametrize("rule", [True, False])
    def test_nothing_goes_that_came_after_the_job_was_archived(
        self, rule: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job, segments, letter = failed("redriven", dismissed=True)
        regions = Regions()
        regions.write(*segments)
        regions.tables[EAST].dead["acme", LetterType.JOB, job, EAST] = letter
        regions.replicate()
        regions.run(EAST)
        regions.replicate()
        again: Any = JobRedriven(at=NOW, arrival="redrive/r", by="acme")
        regions.write(Segment(job, 1, EAST, 4, (again, JobSucceeded(at=NOW, result="after all"))))
        if not rule:
            monkeypatch.setattr(archive_jobs, "covers", lambda archived, held: True)
        regions.days(2)
        state = regions.state(EAST, job)
        assert state is not None
        assert (state.status == "succeeded") is rule
        if rule:  # and a month later it goes, with what came after
            regions.clock.moment = add_seconds(regions.clock.moment, 40 * DAY)
            regions.days(3)
            after = regions.state(WEST, job)
            assert after is not None
            assert after.result == "after all"

    def test_an_object_that_somebody_took_away_in_one_region_is_brought_back_from_the_other(self) -> None:
        for taken in PEER:
            regions = regions_with_old_jobs()
            regions.days(1)
            regions.shelves[taken].objects.clear()
            regions.days(4)
            assert regions.shelves[EAST].objects == regions.shelves[WEST].objects != {}
            assert regions.held(EAST, ENDED[0]) == []
            assert_whole(regions)

    def test_an_object_that_is_gone_in_both_before_anything_was_struck_out_is_made_again(self) -> None:
        regions = regions_with_old_jobs()
        regions.days(1)
        for shelf in regions.shelves.values():
            shelf.objects.clear()
        regions.days(4)
        assert regions.held(EAST, ENDED[0]) == []
        assert_whole(regions)


def test_the_jobs_of_these_tests_lie_in_several_partitions() -> None:
    assert len({shard_of(job, DUE_SHARDS) for job in GOING}) > 1
    assert submitted().lane == "batch"
    assert JobFailed.kind != StepSucceeded.kind
