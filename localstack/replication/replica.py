"""One Region's side of the global tables, through the ordinary DynamoDB API (boto3), for the link alone.

Whatever fails because the Region is down, frozen or busy comes out as `Unreachable`: the link waits and goes on.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from localstack.admin import admin_client
from localstack.replication.change import Change, Image, parse_record
from localstack.replication.conditions import Condition, equals, holds_one_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_PAGE = 500
_BATCH = 25
_INDEX_PARTS = ("IndexName", "KeySchema", "Projection")


class Unreachable(Exception):
    """The Region did not answer, or not with an answer to the question."""


class StreamEnded(Exception):
    """The stream that was read is gone: its table was replaced or its Region came back empty."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    name: str
    table_id: str
    stream_arn: str
    """Empty where the table has no stream with both images."""
    description: Mapping[str, Any]


class Replica:
    def __init__(self, region: str, endpoint_url: str) -> None:
        self.region = region
        self._tables: DynamoDBClient = admin_client("dynamodb", region, endpoint_url)
        self._streams: DynamoDBStreamsClient = admin_client("dynamodbstreams", region, endpoint_url)
        self._positions = 0
        self._positions_lock = threading.Lock()

    # -- tables

    def tables(self, prefix: str) -> dict[str, TableFacts]:
        with _answers():
            pages = self._tables.get_paginator("list_tables").paginate()
            names = [name for page in pages for name in page["TableNames"] if name.startswith(prefix)]
            return {name: self._facts(name) for name in names}

    def create_like(self, peer: TableFacts, time_to_live_attribute: str | None) -> None:
        """Create this Region's replica of the peer's table; an existing one is left as it is."""
        with _answers():
            try:
                self._tables.create_table(**_creation(peer.description))
            except ClientError as error:
                if _code(error) != "ResourceInUseException":
                    raise
            if time_to_live_attribute:
                self._tables.update_time_to_live(
                    TableName=peer.name,
                    TimeToLiveSpecification={"Enabled": True, "AttributeName": time_to_live_attribute},
                )

    def time_to_live_attribute(self, table: str) -> str | None:
        with _answers():
            described = self._tables.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            return described.get("AttributeName") if described.get("TimeToLiveStatus") == "ENABLED" else None

    def scan(self, table: str) -> Iterator[list[Image]]:
        """The whole table, a page at a time."""
        start: dict[str, Any] = {}
        while True:
            with _answers():
                answer = self._tables.scan(TableName=table, ConsistentRead=True, Limit=_PAGE, **start)
            page = cast("dict[str, Any]", answer)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def put_all(self, table: str, images: list[Image]) -> None:
        for first in range(0, len(images), _BATCH):
            requests: Any = [{"PutRequest": {"Item": image}} for image in images[first : first + _BATCH]]
            with _answers():
                while requests:
                    answer = self._tables.batch_write_item(RequestItems={table: requests})
                    requests = answer.get("UnprocessedItems", {}).get(table, [])

    # -- one item

    def apply(self, change: Change) -> tuple[bool, Image | None]:
        """Write the change if this Region's item is as the change found it, or is so already.

        Gives (True, what was replaced), or (False, what is there instead).
        """
        return self._write(change, holds_one_of(change.key, change.old, change.new))

    def overwrite(self, change: Change, found: Image | None) -> tuple[bool, Image | None]:
        """Write the change over exactly the image that was found."""
        return self._write(change, equals(change.key, found))

    def _write(self, change: Change, condition: Condition) -> tuple[bool, Image | None]:
        arguments: dict[str, Any] = {
            "TableName": change.table,
            "ReturnValues": "ALL_OLD",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **condition.arguments,
        }
        with _answers():
            try:
                if change.new is None:
                    answer = self._tables.delete_item(Key=change.key, **arguments)
                else:
                    answer = cast("Any", self._tables.put_item(Item=change.new, **arguments))
            except ClientError as error:
                if _code(error) != "ConditionalCheckFailedException":
                    raise
                return False, cast("Any", error.response).get("Item")
            return True, answer.get("Attributes") or None

    # -- streams

    def iterator(self, stream_arn: str, *, oldest: bool = False, after: str | None = None) -> str:
        """Where to read from: the oldest record kept, what follows a given one, or what is written from now on."""
        with _answers(stream=True):
            shards = self._streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]
            kind = "TRIM_HORIZON" if oldest else "AFTER_SEQUENCE_NUMBER" if after else "LATEST"
            extra: Any = {"SequenceNumber": after} if after and not oldest else {}
            answer = self._streams.get_shard_iterator(
                StreamArn=stream_arn,
                ShardId=shards[0]["ShardId"],
                ShardIteratorType=cast("Any", kind),
                **extra,
            )
            return answer["ShardIterator"]

    def read(self, table: str, iterator: str) -> tuple[list[Change], str | None]:
        """One page of changes and where to go on; None after the last page of a stream that was closed."""
        with _answers(stream=True):
            answer = self._streams.get_records(ShardIterator=iterator, Limit=_PAGE)
        records = cast("list[Any]", answer["Records"])
        first = self._claim_positions(len(records))
        changes = [parse_record(table, self.region, record, first + offset) for offset, record in enumerate(records)]
        return changes, answer.get("NextShardIterator")

    def _claim_positions(self, count: int) -> int:
        with self._positions_lock:
            first = self._positions
            self._positions += count
            return first

    def _facts(self, name: str) -> TableFacts:
        table = self._tables.describe_table(TableName=name)["Table"]
        stream = table.get("StreamSpecification", {})
        whole = stream.get("StreamEnabled") and stream.get("StreamViewType") == "NEW_AND_OLD_IMAGES"
        return TableFacts(
            name=name,
            table_id=table.get("TableId", ""),
            stream_arn=table.get("LatestStreamArn", "") if whole else "",
            description=cast("Mapping[str, Any]", table),
        )


def _creation(description: Mapping[str, Any]) -> dict[str, Any]:
    """CreateTable's arguments for a replica of the described table. Billing is on demand: it has no effect here."""
    arguments: dict[str, Any] = {
        "TableName": description["TableName"],
        "KeySchema": description["KeySchema"],
        "AttributeDefinitions": description["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        if indexes := description.get(kind):
            arguments[kind] = [{part: index[part] for part in _INDEX_PARTS} for index in indexes]
    return arguments


@contextlib.contextmanager
def _answers(*, stream: bool = False) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        gone = ("ResourceNotFoundException", "ExpiredIteratorException", "TrimmedDataAccessException")
        if stream and _code(error) in gone:
            raise StreamEnded(_code(error)) from error
        raise Unreachable(str(error)) from error
    except BotoCoreError as error:
        raise Unreachable(str(error)) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
