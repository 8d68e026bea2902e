"""The copies that a Region owes its peer: each once, in the order of their keys, until they are struck out."""

import asyncio
from collections.abc import Sequence

import pytest

from functions.application.ports import PayloadKey, StateUnavailable
from tests.contract.jobs import NOON
from tests.contract.worlds import State

FIRST, SECOND, THIRD = (
    PayloadKey(tenant, digit * 64) for tenant, digit in (("acme", "1"), ("acme", "2"), ("bravo", "0"))
)


def owe(state: State, *keys: PayloadKey) -> None:
    for key in keys:
        asyncio.run(state.owed_copies.owe(key, NOON))


def owed(state: State, after: PayloadKey | None = None, limit: int = 10) -> Sequence[PayloadKey]:
    return asyncio.run(state.owed_copies.owed(after=after, limit=limit))


class TestOwedCopies:
    def test_at_first_nothing_is_owed(self, state: State) -> None:
        assert list(owed(state)) == []

    def test_what_is_owed_is_listed_once_and_in_the_order_of_its_keys(self, state: State) -> None:
        owe(state, THIRD, SECOND, FIRST, SECOND)
        assert list(owed(state)) == [FIRST, SECOND, THIRD]

    def test_it_is_listed_page_by_page(self, state: State) -> None:
        owe(state, FIRST, SECOND, THIRD)
        assert list(owed(state, limit=2)) == [FIRST, SECOND]
        assert list(owed(state, after=SECOND, limit=2)) == [THIRD]
        assert list(owed(state, after=THIRD)) == []

    def test_what_was_struck_out_while_it_was_being_listed_bars_nothing(self, state: State) -> None:
        owe(state, FIRST, SECOND, THIRD)
        asyncio.run(state.owed_copies.settle(SECOND))
        assert list(owed(state, after=SECOND)) == [THIRD]
        assert list(owed(state)) == [FIRST, THIRD]

    def test_what_is_struck_out_may_be_so_again_and_may_be_owed_again(self, state: State) -> None:
        for _ in range(2):
            asyncio.run(state.owed_copies.settle(FIRST))
            assert list(owed(state)) == []
        owe(state, FIRST)
        assert list(owed(state)) == [FIRST]

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (
            state.owed_copies.owe(FIRST, NOON),
            state.owed_copies.owed(after=None, limit=1),
            state.owed_copies.settle(FIRST),
        ):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
