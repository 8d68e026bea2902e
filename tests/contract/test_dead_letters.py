"""DeadLetters: the one list of what has failed for good."""

import asyncio
from dataclasses import replace

import pytest

from functions.application.ports import StateUnavailable
from functions.domain.dead_letter import LETTER_SHARDS, DeadLetter, LetterType, Over
from functions.domain.ids import job_id
from functions.domain.moments import add_seconds
from tests.contract.jobs import JOB, NOON, opening
from tests.contract.worlds import EAST, WEST, State


def letter(name: str = "one", seconds: float = 0.0, region: str = EAST, tenant: str = "acme") -> DeadLetter:
    """Return a failed job's."""
    job = JOB if name == "one" else job_id(tenant, name)
    return DeadLetter(
        type=LetterType.JOB,
        id=job,
        job_id=job,
        tenant=tenant,
        at=add_seconds(NOON, seconds),
        region=region,
        code="step_raised",
        detail="ValueError: no such order",
        agent="buy#er",
        lane="batch",
    )


def webhook(id: str = "hook.1") -> DeadLetter:
    """Return an undeliverable webhook's."""
    return replace(letter(), type=LetterType.WEBHOOK, id=id, agent=None, lane=None, endpoint="hook", event="1")


def put(state: State, *letters: DeadLetter) -> None:
    for each in letters:
        asyncio.run(state.dead_letters.put(each))


def listed(
    state: State,
    tenant: str = "acme",
    limit: int = 50,
    since: str | None = None,
    until: str | None = None,
    before: str | None = None,
    shard: int | None = None,
) -> list[DeadLetter]:
    dead_letters = state.dead_letters
    return list(
        asyncio.run(dead_letters.list(tenant, since=since, until=until, before=before, limit=limit, shard=shard))
    )


def found(state: State, wanted: DeadLetter, tenant: str = "acme") -> list[DeadLetter]:
    return list(asyncio.run(state.dead_letters.find(tenant, wanted.type, wanted.id)))


def as_listed(whole: DeadLetter) -> DeadLetter:
    """Return what a letter's place in the list tells of it."""
    job = whole.id if whole.type is LetterType.JOB else None
    return replace(whole, detail="", job_id=job, endpoint=None, event=None, body=None, receives=None)


class TestDeadLetters:
    def test_a_letter_is_found_as_it_was_put(self, state: State) -> None:
        message = replace(
            letter(), type=LetterType.MESSAGE, id="4f-1", agent=None, job_id=None, body="#{not json", receives=5
        )
        put(state, letter(), webhook(), message)
        for each in (letter(), webhook(), message):
            assert found(state, each) == [each]

    def test_the_list_holds_all_types_the_latest_first(self, state: State) -> None:
        letters = [letter("a", 2), replace(webhook(), at=add_seconds(NOON, 1)), letter("b")]
        put(state, *reversed(letters))
        assert listed(state) == [as_listed(each) for each in letters]

    def test_another_tenants_letters_are_neither_listed_nor_found(self, state: State) -> None:
        put(state, letter(), webhook())
        assert listed(state, tenant="acm") == []
        assert found(state, letter(), tenant="acm") == found(state, webhook(), tenant="acm") == []

    def test_a_time_counts_from_since_and_up_to_until(self, state: State) -> None:
        letters = [letter(str(number), number) for number in range(5)]
        put(state, *letters)
        since, until = add_seconds(NOON, 1), add_seconds(NOON, 3)
        assert listed(state, since=since, until=until) == [as_listed(letters[2]), as_listed(letters[1])]
        assert listed(state, since=until, until=since) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_pages_give_each_once(self, state: State, limit: int) -> None:
        letters = [letter(str(number), number // 3) for number in range(8)]
        put(state, *letters)
        seen: list[str] = []
        while page := listed(state, before=seen[-1] if seen else None, limit=limit):
            seen += [each.position for each in page]
        assert seen == sorted((each.position for each in letters), reverse=True)

    def test_the_shards_together_are_the_list(self, state: State) -> None:
        letters = [letter(str(number), number) for number in range(12)]
        put(state, *letters)
        pages = [listed(state, shard=shard) for shard in range(LETTER_SHARDS)]
        assert sorted(each.at for page in pages for each in page) == [each.at for each in letters]
        assert sum(map(bool, pages)) > 1

    def test_each_region_writes_its_own(self, state: State) -> None:
        put(state, letter(), letter(region=WEST))
        assert found(state, letter()) == [letter(), letter(region=WEST)]
        assert {each.region for each in listed(state)} == {EAST, WEST}

    @pytest.mark.parametrize("why", list(Over))
    def test_what_is_over_is_listed_no_longer_but_can_be_found(self, state: State, why: Over) -> None:
        put(state, letter(), webhook())
        for each in (letter(), webhook()):
            asyncio.run(state.dead_letters.settle(each.settled(why)))
            assert found(state, each) == [each.settled(why)]
        assert listed(state) == []

    def test_a_later_failure_is_not_over_with_an_earlier_one(self, state: State) -> None:
        put(state, letter(), letter(seconds=1))
        asyncio.run(state.dead_letters.settle(letter().settled(Over.REDRIVEN)))
        assert listed(state) == [as_listed(letter(seconds=1))]

    def test_what_its_region_has_not_written_is_not_settled(self, state: State) -> None:
        put(state, letter())
        asyncio.run(state.dead_letters.settle(letter().settled(Over.DISMISSED, WEST)))
        assert found(state, letter()) == [letter()]

    def test_what_has_failed_again_is_listed_again(self, state: State) -> None:
        put(state, letter(), letter().settled(Over.REDRIVEN), letter(seconds=9))
        assert listed(state) == [as_listed(letter(seconds=9))]

    def test_a_job_is_read_with_its_letters(self, state: State) -> None:
        asyncio.run(state.history.append(opening()))
        put(state, letter(), letter(region=WEST).settled(Over.DISMISSED), letter("other"))
        record = asyncio.run(state.history.read(JOB))
        assert record.dead == (letter(), letter(region=WEST).settled(Over.DISMISSED))
        assert record.segments == (opening(),)

    def test_letters_are_neither_jobs_nor_asks(self, state: State) -> None:
        put(state, letter(), webhook())
        assert list(asyncio.run(state.projections.list_jobs("acme", before=None, limit=9))) == []
        assert list(asyncio.run(state.projections.list_asks("acme", "#dead", before=None, limit=9))) == []

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        letters = state.dead_letters
        for call in (
            letters.put(letter()),
            letters.settle(letter()),
            letters.find("acme", LetterType.JOB, JOB),
            letters.list("acme", limit=1),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
