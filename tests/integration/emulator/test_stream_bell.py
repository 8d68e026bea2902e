"""The bell that is rung for each record of a stream (shims/stream_bell.py)."""

from __future__ import annotations

from localstack.bell import Bell, bell_beside
from tests.integration.emulator.processes import FIRST, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim


@needs_its_shim
def test_each_write_of_a_table_with_a_stream_rings_the_bell_of_its_region(either: Emulators) -> None:
    tables = either.client("dynamodb", FIRST)
    tables.create_table(
        TableName="rings",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    bell = Bell(bell_beside(either.layout.folder / FIRST))
    heard = [bell.rung()]
    for written in ("one", "two"):
        tables.put_item(TableName="rings", Item={"pk": {"S": "a"}, "was": {"S": written}})
        heard.append(bell.rung())
    tables.delete_item(TableName="rings", Key={"pk": {"S": "a"}})
    heard.append(bell.rung())
    assert heard == sorted(set(heard)), heard
