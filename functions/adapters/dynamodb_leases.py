"""Leases on DynamoDB: the control table, a global table with strong consistency across Regions.

Its conditions hold in all Regions at once, unlike the state table's. Of two Regions that write one item at the same
time one is told so (`ReplicatedWriteConflictException`): as if the condition had failed; the next round looks again.
It is a file of its own, and no `DynamodbTable`: no item of it has a writer, and nothing of it is ever read but by key.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.client_calls import ClientCalls
from functions.application.lease_ports import LeasesUnavailable
from functions.application.record_steps import Say
from functions.domain.ownership.lease import Lease, Phase

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MISCONFIGURED = frozenset({"AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"})
_LOST = frozenset({"ConditionalCheckFailedException", "ReplicatedWriteConflictException"})
_OUR_FAULT = frozenset({"ValidationException", "SerializationException"})


class DynamodbLeases:
    """The control table as this Region reaches it. A call takes `limit_seconds` in all."""

    def __init__(
        self,
        table: str,
        make_client: Callable[[], "DynamoDBClient"],
        calls: BlockingCalls,
        say: Say,
        limit_seconds: float,
    ) -> None:
        self._table = table
        self._calls = ClientCalls(make_client, calls, limit_seconds)
        self._say = say

    async def read(self, region: str) -> Lease | None:
        """See Leases."""
        found = await self._call("get_item", Key={"pk": {"S": f"LEASE#{region}"}}, ConsistentRead=True)
        assert found is not None
        item = found.get("Item")
        return None if item is None else _lease(region, item)

    async def replace(self, lease: Lease, over: Lease | None) -> bool:
        """See Leases."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if over is not None:
            condition = {
                "ConditionExpression": "#term = :term AND #renewal = :renewal",
                "ExpressionAttributeNames": {"#term": "term", "#renewal": "renewal"},
                "ExpressionAttributeValues": {":term": _number(over.term), ":renewal": _number(over.renewal)},
            }
        return await self._call("put_item", Item=_item(lease), **condition) is not None

    async def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any] | None:
        """Return the answer; None when the condition does not hold."""
        try:
            answer: Mapping[str, Any] = await self._calls.call(operation, TableName=self._table, **parameters)
        except TimeoutError:
            raise LeasesUnavailable(f"{operation}: no answer within {self._calls.limit_seconds} s") from None
        except Exception as error:
            refusal = refusal_in(error)
            if refusal is None or refusal.code in _OUR_FAULT:
                raise
            if refusal.code in _LOST:
                return None
            if refusal.code in _MISCONFIGURED:
                self._say("control_misconfigured", level="ERROR", operation=operation, error=refusal.detail)
            raise LeasesUnavailable(f"{operation}: {refusal.detail}") from error
        return answer


def _item(lease: Lease) -> dict[str, Any]:
    apart = {} if lease.apart_since is None else {"apart_since": {"S": lease.apart_since}}
    return {
        "pk": {"S": f"LEASE#{lease.region}"},
        "holder": {"S": lease.holder},
        "term": _number(lease.term),
        "renewal": _number(lease.renewal),
        "duration_seconds": {"N": str(lease.duration_seconds)},
        "phase": {"S": lease.phase.value},
        "caught_up": {"BOOL": lease.caught_up},
        **apart,
    }


def _lease(region: str, item: Mapping[str, Any]) -> Lease:
    return Lease(
        region=region,
        holder=item["holder"]["S"],
        term=int(item["term"]["N"]),
        renewal=int(item["renewal"]["N"]),
        duration_seconds=float(item["duration_seconds"]["N"]),
        phase=Phase(item["phase"]["S"]),
        caught_up=bool(item["caught_up"]["BOOL"]),
        apart_since=item["apart_since"]["S"] if "apart_since" in item else None,
    )


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
