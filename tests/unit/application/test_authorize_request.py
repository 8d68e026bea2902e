"""Bearer tokens: who they stand for, and what is no token at all."""

import pytest

from functions.adapters.memory import MemoryTable, MemoryTokens
from functions.application.authorize_request import SCOPES, AuthorizeRequest, hash_token
from functions.application.ports import StateUnavailable, TokenGrant
from tests.simulation.virtual_time import in_virtual_time, run_virtually

TOKEN = "ap_" + "aZ0_-" * 8 + "abc"
GRANT = TokenGrant("acme", frozenset({"jobs:read"}))


async def granted(header: str | None) -> TokenGrant | None:
    tokens = MemoryTokens(MemoryTable())
    await tokens.put(hash_token(TOKEN), GRANT)
    return await AuthorizeRequest(tokens=tokens).authorize(header)


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"  Bearer   {TOKEN}  "])
def test_a_token_stands_for_its_tenant_and_scopes(header: str) -> None:
    assert run_virtually(granted(header)) == GRANT


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN} x",
        f"Bearer {TOKEN[:-1]}.",
        f"Bearer{TOKEN}",
        f"Bearer {TOKEN.replace('ap_', 'xx_')}",
        "Bearer ap_" + "b" * 43,
    ],
)
def test_everything_else_stands_for_nobody(header: str | None) -> None:
    assert run_virtually(granted(header)) is None


@in_virtual_time
async def test_what_is_no_token_is_refused_without_asking_the_table() -> None:
    table = MemoryTable(refusing=True)
    authorize = AuthorizeRequest(tokens=MemoryTokens(table))
    assert await authorize.authorize("Bearer guess") is None
    with pytest.raises(StateUnavailable):
        await authorize.authorize(f"Bearer {TOKEN}")


def test_a_token_is_kept_by_its_hash() -> None:
    assert hash_token("ap_x") == "179fe2f2ce25ecd712debeb398e004dcd1b9faf0eb78885a748dd24a687f0f20"
    assert {"jobs:read", "jobs:write", "approvals:decide", "regions:move"} == SCOPES
