"""The few DynamoDB calls that the state adapters are made of, and what DynamoDB's refusals mean to the use cases.

Items are written in DynamoDB's own notation on the plain client: the resource layer costs CPU on every call.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.ports import StateUnavailable
from functions.application.record_steps import Say

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item: TypeAlias = Mapping[str, Mapping[str, Any]]

#: These say that the request is wrong, which no waiting mends: they are bugs of ours and pass through as they are.
_OUR_FAULT = frozenset({"ValidationException", "SerializationException"})
_MISCONFIGURED = frozenset({"AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"})


def text(value: str) -> dict[str, str]:
    """Return a string attribute."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """Return a number attribute."""
    return {"N": str(value)}


class DynamodbTable:
    """One replica of the state table. Every method raises StateUnavailable when it refuses or does not answer."""

    def __init__(
        self,
        name: str,
        make_client: Callable[[], "DynamoDBClient"],
        calls: BlockingCalls,
        say: Say,
        limit_seconds: float | None = None,
    ) -> None:
        self.name = name
        self._calls = ClientCalls(make_client, calls, limit_seconds)
        self._say = say

    async def put(self, item: Item) -> None:
        """Write an item over whatever is there."""
        await self._call("put_item", Item=item)

    async def put_new(self, item: Item) -> Item | None:
        """Write an item where none is. Return None, or the item that is there already."""
        try:
            await self._call(
                "put_item",
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except _Taken as taken:
            return taken.item
        return None

    async def put_newer(self, item: Item, moment: str) -> None:
        """Write an item, unless what is there has a `moment` (an attribute of both) that is not earlier."""
        with contextlib.suppress(_Taken):
            await self._call(
                "put_item",
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #moment < :moment",
                ExpressionAttributeNames={"#moment": moment},
                ExpressionAttributeValues={":moment": item[moment]},
            )

    async def put_in_place(self, item: Item, attribute: str) -> None:
        """Write an item over one that has the same `attribute`, and over no other."""
        with contextlib.suppress(_Taken):
            await self._call(
                "put_item",
                Item=item,
                ConditionExpression="#attribute = :attribute",
                ExpressionAttributeNames={"#attribute": attribute},
                ExpressionAttributeValues={":attribute": item[attribute]},
            )

    async def put_where(self, item: Item, condition: str, names: Mapping[str, str], values: Item) -> bool:
        """Write an item over one that fulfils a condition, and say whether it did."""
        with contextlib.suppress(_Taken):
            await self._call(
                "put_item",
                Item=item,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
            return True
        return False

    async def update_where(
        self, key: tuple[str, str], change: str, condition: str, names: Mapping[str, str], values: Item
    ) -> Item | None:
        """Change an item that fulfils a condition and return what was changed, as it is now; None if it does not."""
        with contextlib.suppress(_Taken):
            changed = await self._call(
                "update_item",
                Key={"pk": text(key[0]), "sk": text(key[1])},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_NEW",
            )
            attributes: Item = changed["Attributes"]
            return attributes
        return None

    async def delete(self, pk: str, sk: str) -> None:
        """Delete an item, if it is there."""
        await self._call("delete_item", Key={"pk": text(pk), "sk": text(sk)})

    async def delete_where(self, pk: str, sk: str, condition: str, names: Mapping[str, str], values: Item) -> None:
        """Delete an item, if it is there and fulfils the condition."""
        with contextlib.suppress(_Taken):
            await self._call(
                "delete_item",
                Key={"pk": text(pk), "sk": text(sk)},
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )

    async def add(self, pk: str, sk: str, adds: Mapping[str, int], sets: Item) -> None:
        """Add to an item's numbers and set its other attributes, in one step; it is made if it is not there."""
        names = {f"#a{place}": name for place, name in enumerate(adds)} | {
            f"#s{place}": name for place, name in enumerate(sets)
        }
        values = {f":a{place}": number(value) for place, value in enumerate(adds.values())}
        set_values = {f":s{place}": value for place, value in enumerate(sets.values())}
        added = ", ".join(f"#a{place} :a{place}" for place in range(len(adds)))
        written = ", ".join(f"#s{place} = :s{place}" for place in range(len(sets)))
        await self._call(
            "update_item",
            Key={"pk": text(pk), "sk": text(sk)},
            UpdateExpression=f"ADD {added} SET {written}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={**values, **set_values},
        )

    async def get(self, pk: str, sk: str, *, consistent: bool) -> Item | None:
        """Return an item, or None."""
        key = {"pk": text(pk), "sk": text(sk)}
        found = await self._call("get_item", Key=key, ConsistentRead=consistent)
        item: Item | None = found.get("Item")
        return item

    async def query(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        attributes: Sequence[str] | None = None,
    ) -> Sequence[Item]:
        """Return all items that fulfil a key condition, or the first `limit`, page by page; of each these attributes.

        A role may be held to some attributes; it must ask for these and no others.
        """
        pages = self.pages(
            condition, values, index=index, newest_first=newest_first, limit=limit, attributes=attributes
        )
        return [item async for page in pages for item in page]

    async def pages(
        self,
        condition: str,
        values: Item,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        page_items: int | None = None,
        attributes: Sequence[str] | None = None,
    ) -> AsyncIterator[Sequence[Item]]:
        """Yield the items that fulfil a key condition, page by page; a page has `page_items` at most."""
        parameters: dict[str, Any] = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
        parameters |= {"ConsistentRead": True} if index is None else {"IndexName": index}
        if newest_first:
            parameters["ScanIndexForward"] = False
        if attributes is not None:
            names = {f"#{number}": name for number, name in enumerate(attributes)}
            parameters |= {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": ", ".join(names)}
            parameters["ExpressionAttributeNames"] = names
        found = 0
        while True:
            most = [each for each in (page_items, None if limit is None else limit - found) if each is not None]
            if most:
                parameters["Limit"] = min(most)
            page = await self._call("query", **parameters)
            yield page["Items"]
            found += len(page["Items"])
            last = page.get("LastEvaluatedKey")
            if last is None or (limit is not None and found >= limit):
                return
            parameters["ExclusiveStartKey"] = last

    async def _call(self, operation: str, **parameters: Any) -> Any:
        try:
            return await self._calls.call(operation, TableName=self.name, **parameters)
        except TimeoutError:
            raise StateUnavailable(f"{operation}: no answer within {self._calls.limit_seconds} s") from None
        except Exception as error:
            raise self._meaning(operation, error) from error

    def _meaning(self, operation: str, error: Exception) -> Exception:
        refusal = refusal_in(error)
        if refusal is None or refusal.code in _OUR_FAULT:
            return error
        if refusal.code == "ConditionalCheckFailedException":
            return _Taken(refusal.answer.get("Item", {}))
        if refusal.code in _MISCONFIGURED:
            self._say("state_misconfigured", level="ERROR", operation=operation, table=self.name, error=refusal.detail)
        return StateUnavailable(f"{operation}: {refusal.detail}")


class _Taken(Exception):
    """There is an item where a new one was to go."""

    def __init__(self, item: Item) -> None:
        super().__init__("taken")
        self.item = item
