"""Tokens: found by their hash, and by nothing else."""

import asyncio

import pytest

from functions.application.ports import StateUnavailable, TokenGrant
from tests.contract.worlds import State

HASH = "ab" * 32


class TestTokens:
    @pytest.mark.parametrize("scopes", [(), ("jobs:read",), ("jobs:read", "jobs:write")])
    def test_a_token_stands_for_what_was_put(self, state: State, scopes: tuple[str, ...]) -> None:
        grant = TokenGrant("acme", frozenset(scopes))
        asyncio.run(state.tokens.put(HASH, grant))
        assert asyncio.run(state.tokens.find(HASH)) == grant

    @pytest.mark.parametrize(("principal", "holder"), [(None, "acme"), ("ann", "ann")])
    def test_a_token_names_its_holder_or_else_its_tenant(
        self, state: State, principal: str | None, holder: str
    ) -> None:
        grant = TokenGrant("acme", frozenset({"approvals:decide"}), principal)
        asyncio.run(state.tokens.put(HASH, grant))
        found = asyncio.run(state.tokens.find(HASH))
        assert found == grant
        assert found.holder == holder

    def test_a_token_that_was_never_put_is_unknown(self, state: State) -> None:
        asyncio.run(state.tokens.put(HASH, TokenGrant("acme", frozenset())))
        assert asyncio.run(state.tokens.find(HASH[:-1] + "0")) is None

    def test_a_token_put_again_stands_for_the_new_grant(self, state: State) -> None:
        for grant in (TokenGrant("acme", frozenset({"jobs:read"})), TokenGrant("acme", frozenset())):
            asyncio.run(state.tokens.put(HASH, grant))
        assert asyncio.run(state.tokens.find(HASH)) == TokenGrant("acme", frozenset())

    def test_a_table_that_refuses_is_unavailable(self, state: State) -> None:
        state.refuse()
        for call in (state.tokens.find(HASH), state.tokens.put(HASH, TokenGrant("acme", frozenset()))):
            with pytest.raises(StateUnavailable):
                asyncio.run(call)
