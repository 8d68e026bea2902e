"""Projections: heads, who is due when, a tenant's listing, and the sweeper's cursors."""

import asyncio
from collections.abc import Sequence

import pytest

from functions.application.ports import Due, StateUnavailable
from functions.domain.ids import job_id, shard_of
from functions.domain.job.history import DueEntry, Head
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from tests.contract.jobs import JOB, NOON, adoption, opening
from tests.contract.worlds import EAST, WEST, State

SHARD = shard_of(JOB, DUE_SHARDS)
#: Jobs whose entries lie in one partition.
NEIGHBOURS = [job for n in range(60) if shard_of(job := job_id("acme", f"n{n}"), DUE_SHARDS) == SHARD][:7]


def due(
    state: State, region: str = EAST, lane: str = "standard", after: str = "", upto: str = NOON, limit: int = 100
) -> Sequence[DueEntry]:
    return asyncio.run(state.projections.due(region, lane, SHARD, after=after, upto=upto, limit=limit))


def head(job: str = JOB, due_at: str | None = NOON, region: str = EAST, lane: str = "standard") -> Head:
    return Head(job, region, 1, 3, "running", lane, due_at)


def put(state: State, *heads: Head) -> None:
    for each in heads:
        asyncio.run(state.projections.put_head(each))


class TestDue:
    def test_a_submission_is_due_when_it_said(self, state: State) -> None:
        asyncio.run(state.history.append(opening(), due=Due(NOON, "standard")))
        assert due(state) == [DueEntry(JOB, NOON, None)]

    def test_an_adoption_is_due_for_the_region_that_adopted(self, state: State) -> None:
        asyncio.run(state.history.append(adoption(), due=Due(NOON, "standard")))
        assert due(state, WEST) == [DueEntry(JOB, NOON, None)]
        assert due(state, EAST) == []

    def test_a_segment_without_a_due_time_is_not_in_the_index(self, state: State) -> None:
        asyncio.run(state.history.append(opening()))
        assert due(state) == []

    def test_a_head_is_due_until_it_is_written_without_a_due_time(self, state: State) -> None:
        put(state, head())
        assert due(state) == [DueEntry(JOB, NOON, EAST)]
        put(state, head(due_at=None))
        assert due(state) == []

    def test_a_head_written_again_is_due_at_its_new_time_only(self, state: State) -> None:
        later = add_seconds(NOON, 30)
        put(state, head(), head(due_at=later))
        assert due(state, upto=later) == [DueEntry(JOB, later, EAST)]

    def test_regions_lanes_and_shards_are_apart(self, state: State) -> None:
        put(state, head(), head(region=WEST), head(NEIGHBOURS[0], lane="batch"))
        assert due(state) == [DueEntry(JOB, NOON, EAST)]
        assert due(state, WEST) == [DueEntry(JOB, NOON, WEST)]
        assert due(state, lane="batch") == [DueEntry(NEIGHBOURS[0], NOON, EAST)]
        other = asyncio.run(
            state.projections.due(EAST, "standard", (SHARD + 1) % DUE_SHARDS, after="", upto=NOON, limit=9)
        )
        assert list(other) == []

    def test_the_moment_asked_for_is_included_and_a_millisecond_later_is_not(self, state: State) -> None:
        put(state, head(), head(NEIGHBOURS[0], add_seconds(NOON, 0.001)))
        assert due(state, upto=NOON) == [DueEntry(JOB, NOON, EAST)]
        assert due(state, upto=add_seconds(NOON, -0.001)) == []

    def test_a_position_is_excluded_and_the_next_job_of_the_same_moment_is_not(self, state: State) -> None:
        put(state, *(head(job) for job in NEIGHBOURS))
        first, *rest = due(state)
        assert [entry.job_id for entry in due(state, after=first.position)] == [entry.job_id for entry in rest]

    def test_a_moment_as_position_leaves_in_what_is_due_at_it(self, state: State) -> None:
        put(state, head(), head(NEIGHBOURS[0], add_seconds(NOON, -1)))
        assert due(state, after=NOON) == [DueEntry(JOB, NOON, EAST)]

    def test_a_position_behind_the_end_gives_nothing(self, state: State) -> None:
        put(state, head())
        assert due(state, after=add_seconds(NOON, 60)) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_pages_give_every_entry_once_and_in_order(self, state: State, limit: int) -> None:
        times = [add_seconds(NOON, -seconds) for seconds in (5, 3, 3, 3, 2, 0, 9)]
        put(state, *(head(job, at) for job, at in zip(NEIGHBOURS, times, strict=True)))
        seen: list[DueEntry] = []
        while page := due(state, after=seen[-1].position if seen else "", limit=limit):
            seen += page
        assert [entry.position for entry in seen] == sorted(
            f"{at}#{job}" for job, at in zip(NEIGHBOURS, times, strict=True)
        )


class TestListing:
    def listed(self, state: State, tenant: str = "acme", before: str | None = None, limit: int = 50) -> list[str]:
        rows = asyncio.run(state.projections.list_jobs(tenant, before=before, limit=limit))
        return [f"{at}#{job}" for at, job in rows]

    def submit(self, state: State, count: int, tenant: str = "acme") -> list[str]:
        rows = []
        for n in range(count):
            at, job = add_seconds(NOON, n // 2), job_id(tenant, f"l{n}")
            asyncio.run(state.history.append(opening(job, at, tenant)))
            rows.append(f"{at}#{job}")
        return sorted(rows, reverse=True)

    def test_a_tenants_jobs_are_listed_newest_first(self, state: State) -> None:
        rows = self.submit(state, 5)
        assert self.listed(state) == rows

    def test_a_tenant_sees_no_other_tenants_jobs(self, state: State) -> None:
        self.submit(state, 3, "acme")
        assert self.listed(state, "acm") == []
        assert self.listed(state, "acme2") == []

    @pytest.mark.parametrize("limit", [1, 3])
    def test_pages_give_every_job_once(self, state: State, limit: int) -> None:
        rows = self.submit(state, 7)
        seen: list[str] = []
        while page := self.listed(state, before=seen[-1] if seen else None, limit=limit):
            seen += page
        assert seen == rows

    def test_a_moment_leaves_out_what_was_created_at_it(self, state: State) -> None:
        rows = self.submit(state, 4)
        assert self.listed(state, before=add_seconds(NOON, 1)) == rows[2:]

    def test_an_adoption_is_not_listed_again(self, state: State) -> None:
        rows = self.submit(state, 1)
        asyncio.run(state.history.append(adoption(job_id("acme", "l0"), add_seconds(NOON, 9))))
        assert self.listed(state) == rows


class TestCursors:
    def test_a_cursor_is_empty_at_first_and_then_what_was_put_last(self, state: State) -> None:
        assert asyncio.run(state.projections.read_cursor(EAST, "standard", 0)) == ""
        for upto in ("a", "b"):
            asyncio.run(state.projections.put_cursor(EAST, "standard", 0, upto))
        assert asyncio.run(state.projections.read_cursor(EAST, "standard", 0)) == "b"

    def test_each_partition_of_each_region_has_its_own(self, state: State) -> None:
        asyncio.run(state.projections.put_cursor(EAST, "standard", 0, "a"))
        for other in ((WEST, "standard", 0), (EAST, "batch", 0), (EAST, "standard", 1)):
            assert asyncio.run(state.projections.read_cursor(*other)) == ""


def test_a_table_that_refuses_is_unavailable(state: State) -> None:
    state.refuse()
    for call in (
        state.projections.put_head(head()),
        state.projections.due(EAST, "standard", 0, after="", upto=NOON, limit=1),
        state.projections.list_jobs("acme", before=None, limit=1),
        state.projections.read_cursor(EAST, "standard", 0),
        state.projections.put_cursor(EAST, "standard", 0, NOON),
    ):
        with pytest.raises(StateUnavailable):
            asyncio.run(call)
