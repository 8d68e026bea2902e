"""Projections: what groups of people are asked to decide."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.ids import job_id
from functions.domain.job.history import Ask
from functions.domain.moments import add_seconds
from tests.contract.jobs import JOB, NOON, opening
from tests.contract.worlds import EAST, WEST, State


def ask(
    step: str = "approval",
    job: str = JOB,
    seconds: float = 0.0,
    region: str = EAST,
    tenant: str = "acme",
    group: str = "legal",
) -> Ask:
    return Ask(job, region, step, tenant, group, add_seconds(NOON, seconds))


def put(state: State, *asks: Ask) -> None:
    for each in asks:
        asyncio.run(state.projections.put_ask(each))


def listed(
    state: State, tenant: str = "acme", group: str = "legal", before: str | None = None, limit: int = 50
) -> list[Ask]:
    return list(asyncio.run(state.projections.list_asks(tenant, group, before=before, limit=limit)))


class TestAsks:
    def test_what_a_group_is_asked_is_listed_newest_first(self, state: State) -> None:
        asks = [ask(job=job_id("acme", f"a{number}"), seconds=number) for number in (0, 2, 1)]
        put(state, *asks)
        assert listed(state) == [asks[1], asks[2], asks[0]]

    def test_a_group_sees_neither_another_groups_nor_another_tenants(self, state: State) -> None:
        put(state, ask(), ask("other", group="finance"), ask("third", tenant="acm", job=job_id("acm", "one")))
        assert listed(state) == [ask()]
        assert listed(state, group="leg") == []
        assert listed(state, tenant="acm", group="e#legal") == []

    def test_what_is_decided_is_listed_no_longer_and_can_be_written_so_again(self, state: State) -> None:
        put(state, ask(), ask("approval#2", seconds=1))
        for _ in range(2):
            put(state, replace(ask(), open=False))
            assert listed(state) == [ask("approval#2", seconds=1)]

    def test_asking_again_lists_it_once(self, state: State) -> None:
        put(state, ask(), ask())
        assert listed(state) == [ask()]

    def test_everything_that_a_job_asks_at_one_moment_is_listed(self, state: State) -> None:
        asks = [ask(f"map[{number}]/approval") for number in range(5)]
        put(state, *asks)
        assert sorted(listed(state), key=lambda each: each.step) == asks

    def test_a_step_keeps_its_whole_path(self, state: State) -> None:
        put(state, ask("r2:gather#2[1]/approval#3"))
        assert listed(state) == [ask("r2:gather#2[1]/approval#3")]

    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_pages_give_each_once(self, state: State, limit: int) -> None:
        asks = [ask(f"map[{number}]/approval", seconds=number // 3) for number in range(8)]
        put(state, *asks)
        seen: list[Ask] = []
        while page := listed(state, before=seen[-1].position if seen else None, limit=limit):
            seen += page
        assert [each.position for each in seen] == sorted((each.position for each in asks), reverse=True)

    def test_each_region_writes_its_own(self, state: State) -> None:
        put(state, ask(), ask(region=WEST))
        put(state, replace(ask(), open=False))
        assert listed(state) == [ask(region=WEST)]

    def test_asks_are_no_jobs_of_the_tenant(self, state: State) -> None:
        asyncio.run(state.history.append(opening()))
        put(state, ask())
        assert list(asyncio.run(state.projections.list_jobs("acme", before=None, limit=9))) == [(NOON, JOB)]
        assert asyncio.run(state.history.read(JOB)).segments == (opening(),)

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.projections.put_ask(ask()),
            state.projections.list_asks("acme", "legal", before=None, limit=1),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
