"""Tell who a bearer token stands for. Tokens are opaque and kept by their hash, so the table holds nothing to steal."""

import hashlib
import re
from dataclasses import dataclass

from functions.application.ports import TokenGrant, Tokens

BEARER = re.compile(r"[Bb]earer +(ap_[A-Za-z0-9_-]{43})")
#: `regions:move` is for those who run the installation: it is about the jobs of all tenants.
SCOPES = frozenset({"jobs:read", "jobs:write", "approvals:decide", "regions:move"})


def hash_token(token: str) -> str:
    """Return the hash under which a token is kept. A token is 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """The use case."""

    tokens: Tokens

    async def authorize(self, header: str | None) -> TokenGrant | None:
        """Return what the Authorization header grants, or None. Raises StateUnavailable."""
        match = BEARER.fullmatch((header or "").strip())
        if match is None:
            return None
        return await self.tokens.find(hash_token(match.group(1)))
