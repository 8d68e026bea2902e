"""What comes to a job from outside: written once under its key, read with the job, and due for the job's owner."""

import asyncio
from collections.abc import Sequence

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.ids import job_id, shard_of
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.history import DueEntry, Head
from functions.domain.lanes import DUE_SHARDS
from functions.domain.moments import add_seconds
from tests.contract.jobs import JOB, NOON, adoption, opening, step
from tests.contract.worlds import EAST, WEST, State


def arrival(
    name: str = "go/1",
    body: Json = "on",
    kind: ArrivalKind = ArrivalKind.SIGNAL,
    region: str = EAST,
    at: str = NOON,
    by: str = "ann",
    job: str = JOB,
) -> Arrival:
    return Arrival(job_id=job, region=region, kind=kind, name=name, at=at, by=by, body=body)


def receive(state: State, one: Arrival, owner: str = EAST, lane: str = "standard") -> Arrival:
    return asyncio.run(state.history.receive(one, owner=owner, lane=lane))


def due(state: State, region: str, lane: str = "standard", upto: str = NOON) -> Sequence[DueEntry]:
    shard = shard_of(JOB, DUE_SHARDS)
    return asyncio.run(state.projections.due(region, lane, shard, after="", upto=upto, limit=100))


class TestReceive:
    @pytest.mark.parametrize("kind", list(ArrivalKind))
    def test_what_arrives_is_what_is_read_back(self, state: State, kind: ArrivalKind) -> None:
        given = arrival(kind=kind, body={"späß": ["\u0000", "🌍", None, -0.5]})
        assert receive(state, given) == given
        assert asyncio.run(state.history.arrivals(JOB)) in ([given], (given,))

    @pytest.mark.parametrize("body", [None, False, 0, "", [], {}])
    def test_a_body_of_nothing_much_survives(self, state: State, body: Json) -> None:
        assert receive(state, arrival(body=body)) == arrival(body=body)
        (found,) = asyncio.run(state.history.arrivals(JOB))
        assert found == arrival(body=body)
        assert type(found.body) is type(body)

    def test_a_name_may_hold_whatever_the_path_of_a_step_may(self, state: State) -> None:
        given = arrival("map#2[3]/approval#4", kind=ArrivalKind.DECISION)
        receive(state, given)
        assert list(asyncio.run(state.history.arrivals(JOB))) == [given]

    def test_of_two_under_one_key_the_first_stands_and_the_second_is_told_so(self, state: State) -> None:
        first, second = arrival(body="first", by="ann"), arrival(body="second", by="bob", at=add_seconds(NOON, 1))
        assert receive(state, first) == first
        assert receive(state, second) == first
        assert list(asyncio.run(state.history.arrivals(JOB))) == [first]

    def test_of_ten_at_once_all_are_told_of_the_same_one(self, state: State) -> None:
        async def race() -> list[Arrival]:
            rivals = [arrival(by=f"decider-{number}") for number in range(10)]
            return await asyncio.gather(*(state.history.receive(r, owner=EAST, lane="standard") for r in rivals))

        told = asyncio.run(race())
        (there,) = asyncio.run(state.history.arrivals(JOB))
        assert told == [there] * 10

    def test_each_region_writes_an_item_of_its_own_for_one_and_the_same_key(self, state: State) -> None:
        both = [arrival(region=EAST, by="ann"), arrival(region=WEST, by="bob")]
        for each in both:
            assert receive(state, each) == each
        assert list(asyncio.run(state.history.arrivals(JOB))) == both


class TestArrivals:
    def test_they_come_in_the_order_of_their_keys(self, state: State) -> None:
        given = [arrival(f"go/{number}", at=add_seconds(NOON, -number)) for number in range(5)]
        for each in reversed(given):
            receive(state, each)
        assert list(asyncio.run(state.history.arrivals(JOB))) == given

    def test_another_jobs_are_not_among_them(self, state: State) -> None:
        receive(state, arrival())
        assert list(asyncio.run(state.history.arrivals(job_id("acme", "two")))) == []

    def test_nothing_else_of_the_job_is_among_them(self, state: State) -> None:
        for segment in (opening(), step(2), adoption()):
            asyncio.run(state.history.append(segment))
        asyncio.run(state.projections.put_head(Head(JOB, EAST, 1, 1, "running", "standard", NOON)))
        assert list(asyncio.run(state.history.arrivals(JOB))) == []

    @pytest.mark.parametrize("read_whole", [False, True])
    def test_they_are_read_with_the_job(self, state: State, read_whole: bool) -> None:
        given = [arrival("go/1"), arrival("cancel-1", kind=ArrivalKind.CANCEL, region=WEST)]
        for each in given:
            receive(state, each)
        head = Head(JOB, EAST, 1, 2, "waiting", "standard", NOON)
        asyncio.run(state.projections.put_head(head))
        for segment in (opening(), step(2)):
            asyncio.run(state.history.append(segment))
        read = state.history.read_whole if read_whole else state.history.read
        record = asyncio.run(read(JOB))
        assert record.segments == (opening(), step(2))
        assert record.heads == (head,)
        assert record.arrivals == tuple(given)

    def test_a_job_with_many_of_them_is_read_whole(self, state: State) -> None:
        given = tuple(arrival(f"go/{number:03}", body="x" * 20_000) for number in range(250))
        for each in given:
            receive(state, each)
        asyncio.run(state.history.append(opening()))
        record = asyncio.run(state.history.read(JOB))
        assert record.segments == (opening(),)
        assert record.arrivals == given
        assert tuple(asyncio.run(state.history.arrivals(JOB))) == given


class TestDueOfArrivals:
    def test_an_arrival_is_due_at_its_moment_for_the_jobs_owner_whoever_took_it_in(self, state: State) -> None:
        receive(state, arrival(region=WEST), owner=EAST)
        assert list(due(state, EAST)) == [DueEntry(JOB, NOON)]
        assert list(due(state, WEST)) == []
        assert list(due(state, EAST, upto=add_seconds(NOON, -0.001))) == []

    def test_an_arrival_is_due_on_the_jobs_lane(self, state: State) -> None:
        receive(state, arrival(), lane="batch")
        assert list(due(state, EAST, "batch")) == [DueEntry(JOB, NOON)]
        assert list(due(state, EAST, "standard")) == []

    def test_one_that_came_second_under_its_key_adds_no_entry(self, state: State) -> None:
        later = add_seconds(NOON, 5)
        receive(state, arrival())
        receive(state, arrival(at=later), owner=WEST)
        assert list(due(state, EAST, upto=later)) == [DueEntry(JOB, NOON)]
        assert list(due(state, WEST, upto=later)) == []

    def test_it_stands_beside_a_heads_entry(self, state: State) -> None:
        later = add_seconds(NOON, 5)
        asyncio.run(state.projections.put_head(Head(JOB, EAST, 1, 1, "waiting", "standard", later)))
        receive(state, arrival())
        assert list(due(state, EAST, upto=later)) == [DueEntry(JOB, NOON), DueEntry(JOB, later, EAST)]


def test_a_table_that_refuses_is_unavailable(state: State) -> None:
    state.refuse()
    for call in (
        state.history.receive(arrival(), owner=EAST, lane="standard"),
        state.history.arrivals(JOB),
        state.history.read_whole(JOB),
    ):
        with pytest.raises(StateUnavailable):
            asyncio.run(call)
