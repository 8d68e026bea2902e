"""Tokens on DynamoDB: by hash, in the global table, so that a token works in both Regions until it is revoked."""

from functions.adapters.dynamodb_table import DynamodbTable, text
from functions.application.ports import TokenGrant

_TOKEN = "TOKEN"


class DynamodbTokens:
    """The tokens in one replica; `region` is named as the writer of those put here."""

    def __init__(self, table: DynamodbTable, region: str) -> None:
        self._table = table
        self._region = region

    async def find(self, token_hash: str) -> TokenGrant | None:
        """See Tokens. Half-price reads: API Gateway keeps the answer for minutes, so a second's delay is nothing."""
        item = await self._table.get(f"TOKEN#{token_hash}", _TOKEN, consistent=False)
        if item is None:
            return None
        principal = item.get("principal")
        return TokenGrant(
            item["tenant"]["S"],
            frozenset(scope["S"] for scope in item["scopes"]["L"]),
            None if principal is None else principal["S"],
        )

    async def put(self, token_hash: str, grant: TokenGrant) -> None:
        """See Tokens."""
        key = {"pk": text(f"TOKEN#{token_hash}"), "sk": text(_TOKEN), "writer": text(self._region)}
        scopes = {"L": [text(scope) for scope in sorted(grant.scopes)]}
        principal = {} if grant.principal is None else {"principal": text(grant.principal)}
        await self._table.put({**key, "tenant": text(grant.tenant), "scopes": scopes, **principal})
