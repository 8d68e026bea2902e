"""DynamoDB and SQS answered inside the process, under real boto3 clients: their CPU is paid, a network is not.

Every request is counted, with the units that DynamoDB would bill for it and the CPU that answering it has taken, which
is ours and none of the callers'. No copy is made between the Regions: what replication writes is worked out in prices.
"""

import base64
import bisect
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

#: DynamoDB's units: a write is billed by the KB, a consistent read by 4 KB; a page ends at 1 MB.
WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
PAGE_BYTES = 1024 * 1024
INDEXES = {"due": ("due_pk", "due_sk"), "listing": ("list_pk", "list_sk")}
_CONDITION = re.compile(
    r"pk = (?P<pk>:\w+)"
    r"(?: AND begins_with\(sk, (?P<prefix>:\w+)\)| AND sk BETWEEN (?P<low>:\w+) AND (?P<high>:\w+))?"
)

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `where` is the Region whose service got it, `of` what it was about: a job's items, an index, a lane.

    `index_writes` are entries written or taken away, counted once for an item that is written in both Regions. What is
    `refused` is billed, and not replicated.
    """

    where: str
    operation: str
    of: str = ""
    write_units: int = 0
    index_writes: int = 0
    read_units: float = 0.0
    bytes_read: int = 0
    refused: bool = False


@dataclass(slots=True)
class Partition:
    """The items under one partition key, in the order of their sort keys."""

    keys: list[str] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)

    def put(self, sort_key: str, item: Item) -> None:
        """Have it there."""
        if sort_key not in self.items:
            bisect.insort(self.keys, sort_key)
        self.items[sort_key] = item


@dataclass(slots=True)
class Replica:
    """One Region's table."""

    partitions: dict[str, Partition] = field(default_factory=dict)

    def fill(self, items: Iterable[Item]) -> None:
        """Have these items."""
        for item in items:
            self.partitions.setdefault(item["pk"]["S"], Partition()).put(item["sk"]["S"], item)

    def copy(self) -> "Replica":
        """Return it as it is now. Items are never changed in place."""
        return Replica({key: Partition(list(each.keys), dict(each.items)) for key, each in self.partitions.items()})


@dataclass(slots=True)
class InProcessAws:
    """Both Regions' tables and lanes. A message has with it when it is `due`."""

    now: Callable[[], float] = time.monotonic
    tables: dict[str, Replica] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    #: Of the threads' CPU time so much went into answering.
    answering_ns: int = 0
    _entries: dict[tuple[str, str], Item] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, client: Any, region: str) -> None:
        """Answer everything that this client asks."""
        table = self.tables.setdefault(region, Replica())

        def answer(event_name: str, request: Any, **_: object) -> AWSResponse:
            begun = time.thread_time_ns()
            operation = event_name.rpartition(".")[2]
            with self._lock:
                status, body, sent = self.answer(table, region, operation, json.loads(request.body))
                self.sent.append(sent)
            response = AWSResponse(request.url, status, HTTPHeaders(), None)
            setattr(response, "_content", body)  # noqa: B010 - read already, as after a streamed answer
            with self._lock:
                self.answering_ns += time.thread_time_ns() - begun
            return response

        client.meta.events.register_first("before-send.*.*", answer)

    def taken(self) -> list[Sent]:
        """Return what was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def received(self) -> list[dict[str, Any]]:
        """Take all messages off the lanes."""
        messages, self.messages = self.messages, []
        return messages

    def answer(self, table: Replica, region: str, operation: str, asked: Mapping[str, Any]) -> tuple[int, bytes, Sent]:
        """Return the status and the body of an answer, and what is to be counted."""
        match operation:
            case "PutItem":
                return self._put(table, region, asked)
            case "GetItem":
                return _get(table, region, asked)
            case "Query":
                return _query(table, region, asked)
            case "UpdateItem":  # counts that a process tells now and then: one small item, which no job reads
                return 200, b"{}", Sent(region, operation, asked["Key"]["pk"]["S"], write_units=1)
            case "SendMessageBatch":
                now = self.now()
                self.messages.extend({**each, "due": now + each.get("DelaySeconds", 0)} for each in asked["Entries"])
                done = [
                    {"Id": each["Id"], "MessageId": each["Id"], "MD5OfMessageBody": ""} for each in asked["Entries"]
                ]
                return 200, _json({"Successful": done}), Sent(region, operation, "lane")
            case _:
                raise NotImplementedError(operation)

    def _put(self, table: Replica, region: str, asked: Mapping[str, Any]) -> tuple[int, bytes, Sent]:
        item = asked["Item"]
        pk, sk = item["pk"]["S"], item["sk"]["S"]
        partition = table.partitions.setdefault(pk, Partition())
        there = partition.items.get(sk)
        write_units = units(max(size_of_item(item), 0 if there is None else size_of_item(there)), WRITE_UNIT_BYTES)
        if there is not None and asked.get("ConditionExpression") == "attribute_not_exists(pk)":
            refusal = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": there}
            return 400, _json(refusal), Sent(region, "PutItem", pk, write_units, refused=True)
        partition.put(sk, item)
        index_writes = _index_writes(self._entries.get((pk, sk), {}), item)
        self._entries[pk, sk] = {name: item[name] for names in INDEXES.values() for name in names if name in item}
        return 200, b"{}", Sent(region, "PutItem", pk, write_units, index_writes)


def size_of_item(item: Item) -> int:
    """Return how many bytes DynamoDB counts for an item: names and values, in UTF-8."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: Mapping[str, Any]) -> int:
    ((kind, plain),) = value.items()
    match kind:
        case "S":
            return len(plain.encode())
        case "N":
            return len(plain) // 2 + 2
        case "B":
            return len(plain if isinstance(plain, bytes) else base64.b64decode(plain))
        case _:
            raise NotImplementedError(kind)


def units(size: int, unit: int) -> int:
    """Return how many units of so many bytes are billed for a size; at least one."""
    return max(1, -(-size // unit))


def _index_writes(before: Item, after: Item) -> int:
    """An entry that comes or goes is a write, one that moves is two: the old one is deleted."""
    writes = 0
    for names in INDEXES.values():
        old, new = (tuple(str(item[name]) for name in names if name in item) for item in (before, after))
        if old != new:
            writes += bool(old) + bool(new)
    return writes


def _get(table: Replica, region: str, asked: Mapping[str, Any]) -> tuple[int, bytes, Sent]:
    key = asked["Key"]
    partition = table.partitions.get(key["pk"]["S"], Partition())
    item = partition.items.get(key["sk"]["S"])
    size = 0 if item is None else size_of_item(item)
    sent = Sent(region, "GetItem", key["pk"]["S"], read_units=_read_units(size, asked), bytes_read=size)
    return 200, _json({} if item is None else {"Item": item}), sent


def _query(table: Replica, region: str, asked: Mapping[str, Any]) -> tuple[int, bytes, Sent]:
    found = _found(table, asked)
    last = asked.get("ExclusiveStartKey")
    if last is not None:
        places = [(item["pk"]["S"], item["sk"]["S"]) for item in found]
        found = found[places.index((last["pk"]["S"], last["sk"]["S"])) + 1 :]
    page: list[Item] = []
    size = 0
    for item in found[: asked.get("Limit", len(found))]:
        if page and size + size_of_item(item) > PAGE_BYTES:
            break
        page.append(item)
        size += size_of_item(item)
    answer: dict[str, Any] = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
    if (page and len(page) < len(found)) or len(page) == asked.get("Limit"):
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk")}
    of = asked.get("IndexName") or asked["ExpressionAttributeValues"][_condition(asked)["pk"]]["S"]
    sent = Sent(region, "Query", of, read_units=_read_units(size, asked), bytes_read=size)
    return 200, _json(answer), sent


def _found(table: Replica, asked: Mapping[str, Any]) -> Sequence[Item]:
    """Return the items that fulfil one of the key conditions that the adapters use, in the order asked for."""
    values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
    if "IndexName" in asked:
        found = _entries(table, *INDEXES[asked["IndexName"]], values)
    else:
        names = _condition(asked)
        partition = table.partitions.get(values[names["pk"]], Partition())
        prefix = "" if names["prefix"] is None else values[names["prefix"]]
        low, high = ("", "\uffff") if names["low"] is None else (values[names["low"]], values[names["high"]])
        found = [partition.items[key] for key in partition.keys if key.startswith(prefix) and low <= key <= high]
    return found if asked.get("ScanIndexForward", True) else found[::-1]


def _condition(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    names = _CONDITION.fullmatch(asked["KeyConditionExpression"])
    if names is None:
        raise NotImplementedError(asked["KeyConditionExpression"])
    return names.groupdict()


def _entries(table: Replica, pk: str, sk: str, values: Mapping[str, str]) -> list[Item]:
    first, last = values.get(":first", ""), values.get(":last", values.get(":before", "\uffff"))
    entries = [
        item
        for partition in table.partitions.values()
        for item in partition.items.values()
        if pk in item and item[pk]["S"] == values[":partition"] and first <= item[sk]["S"] <= last
    ]
    names = ("pk", "sk", pk, sk)
    return sorted(({name: item[name] for name in names} for item in entries), key=lambda item: item[sk]["S"])


def _read_units(size: int, asked: Mapping[str, Any]) -> float:
    return units(size, READ_UNIT_BYTES) * (1.0 if asked.get("ConsistentRead") else 0.5)


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
