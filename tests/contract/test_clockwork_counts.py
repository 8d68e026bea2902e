"""What a Region asks of the tables while nothing happens: docs/cost.md reckons with it. No number may rise unseen."""

import asyncio
from collections import Counter
from dataclasses import replace

from functions.adapters.memory import MemoryProbe
from functions.bootstrap import Runtime, runtime
from functions.domain.lanes import DUE_SHARDS
from tests.contract.test_request_counts import Account, account
from tests.contract.worlds import LANES, say

__all__ = ["account"]  # the fixture


def strong(account: Account) -> tuple[Runtime, Counter[str]]:
    """Return the same Region with a control table, and what is asked of that."""
    settings = replace(runtime().settings, control_table=f"{account.table}-control")
    made = Runtime(settings)
    made.clock = account.clock
    client, asked = made._clients.control(), Counter[str]()
    client.create_table(
        TableName=f"{account.table}-control",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )

    def count(event_name: str, **_: object) -> None:
        asked[event_name.rpartition(".")[2]] += 1

    client.meta.events.register_first("before-send.*.*", count)
    return made, asked


async def once(made: Runtime) -> None:
    """Do one round of the sentinel's, as its loop does."""
    watching = made.watch_regions
    await watching.run(0.0, say)


def test_a_round_of_the_sentinel_is_four_reads_and_one_write(account: Account) -> None:
    made = runtime()
    made.probe = MemoryProbe()
    for _ in range(3):
        account.taken()
        asyncio.run(once(made))
    assert account.taken() == {"state GetItem": 3, "state Query": 1, "state PutItem": 1}


def test_with_leases_it_is_two_reads_of_the_control_table_and_one_write_more(account: Account) -> None:
    made, asked = strong(account)
    made.probe = MemoryProbe()
    for _ in range(3):
        asked.clear()
        asyncio.run(once(made))
    assert asked == {"GetItem": 2, "PutItem": 1}


def test_a_round_of_the_sweeper_is_two_reads_for_each_shard_and_three_more_and_a_sign(account: Account) -> None:
    """Of the three more queries one looks, once a minute, for what the peer is owed, and one at how the lanes flow."""
    made, shards = runtime(), len(LANES) * DUE_SHARDS
    asyncio.run(made.keep_sweeping.round(say))
    assert account.taken() == {"state GetItem": shards + 1, "state Query": shards + 3, "state PutItem": 1}
