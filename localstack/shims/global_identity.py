"""IAM and STS are one service for all Regions: credentials issued in one are good in the other, with the same policies.

Each process knows only the roles and sessions that it made itself. When a request is signed with a key that nobody here
issued, the other processes are asked whose it is. The one that issued it answers with the session and the policies
of its principal, and these are then enforced here exactly as at home. An answer is used at once and asked for again
in the background, so a changed policy takes a second or two to arrive, as on AWS; it outlives the loss of the
Region that gave it, also as on AWS. A key that nobody knows is refused.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

_EVALUATOR = "core.iam_evaluator"
_RESOLVE_PRINCIPAL = Target(_EVALUATOR, "resolve_principal", "b6c6131e24bf22f0")
_SUBJECT = "identity"
_SIGNING_KEY = re.compile(r"Credential=([^,/\s]+)/")
SECONDS_AN_ANSWER_IS_WAITED_FOR = 5.0
_SECONDS_UNTIL_ASKED_AGAIN = 1.0


@dataclass
class _Foreigner:
    """A principal of another process."""

    home: str
    principal: Any
    asked_at: float


class _Foreigners:
    def __init__(self) -> None:
        self._siblings: dict[str, str] = {}
        self._known: dict[str, _Foreigner] = {}
        self._unknown_since: dict[str, float] = {}
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    def ask_at(self, siblings: dict[str, str]) -> None:
        self._siblings = siblings

    def principal(self, key: str) -> Any | None:
        foreigner = self._known.get(key)
        return foreigner.principal if foreigner else None

    async def learn(self, key: str) -> None:
        """Make sure that the caller with this key is known here, if anybody knows it."""
        now = time.monotonic()
        foreigner = self._known.get(key)
        if foreigner is None:
            if not _issued_here(key) and now - self._unknown_since.get(key, -1e9) > _SECONDS_UNTIL_ASKED_AGAIN:
                await self._ask_everyone(key)
        elif now - foreigner.asked_at > _SECONDS_UNTIL_ASKED_AGAIN and key not in self._refreshing:
            task = asyncio.create_task(self._refresh(key, foreigner))
            self._refreshing[key] = task
            task.add_done_callback(lambda _: self._refreshing.pop(key, None))

    async def _ask_everyone(self, key: str) -> None:
        async def ask(url: str) -> tuple[str, dict[str, Any] | None]:
            return url, await self._ask(url, key)

        for first in asyncio.as_completed([ask(url) for url in self._siblings.values()]):
            url, reply = await first
            if reply:  # whoever is silent need not be waited for
                self._remember(key, url, reply)
                return
        self._unknown_since = {key: time.monotonic()}

    async def _refresh(self, key: str, foreigner: _Foreigner) -> None:
        foreigner.asked_at = time.monotonic()
        reply = await self._ask(foreigner.home, key)
        if reply:
            self._remember(key, foreigner.home, reply)
        elif reply is not None:
            self._known.pop(key, None)
            module("services.sts")._sessions.pop(key, None)

    async def _ask(self, url: str, key: str) -> dict[str, Any] | None:
        """What that process knows of the key: nothing is {}, no answer is None."""
        try:
            return await asyncio.to_thread(peering.ask, url, _SUBJECT, {"key": key}, SECONDS_AN_ANSWER_IS_WAITED_FOR)
        except (peering.PeerUnreachable, peering.PeerRefused):
            return None

    def _remember(self, key: str, home: str, reply: dict[str, Any]) -> None:
        module("services.sts")._sessions[key] = reply["session"]
        self._known[key] = _Foreigner(home, _principal_from(reply["principal"]), time.monotonic())


_foreigners = _Foreigners()


def install(neighbourhood: Neighbourhood) -> None:
    _foreigners.ask_at(neighbourhood.siblings)
    wrap(_RESOLVE_PRINCIPAL, _with_foreigners)
    peering.answer(_SUBJECT, neighbourhood.region, _who_is)


async def learn_caller(scope: peering.Message) -> None:
    """Find out who signed a request before the emulator looks at it."""
    key = _signing_key(scope)
    if key and not module(_EVALUATOR).is_root_access_key(key):
        await _foreigners.learn(key)


def _signing_key(scope: peering.Message) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization" and value.startswith(b"AWS4-"):
            found = _SIGNING_KEY.search(str(value, "latin-1"))
            return found.group(1) if found else None
    query = str(scope["query_string"], "latin-1")
    if "X-Amz-Credential" in query:
        (credential, *_) = parse_qs(query).get("X-Amz-Credential", [""])
        return credential.partition("/")[0]
    return None


def _issued_here(key: str) -> bool:
    iam, sts = module("services.iam"), module("services.sts")
    return key in sts._sessions or iam._access_keys.get_scoped(peering.ACCOUNT, None, key) is not None


def _who_is(question: dict[str, Any]) -> dict[str, Any]:
    """Answer another process: the session and the principal behind a key that was issued here."""
    evaluator, sts = module(_EVALUATOR), module("services.sts")
    key = question["key"]
    if _foreigners.principal(key) is not None or not _issued_here(key):
        return {}
    credential = evaluator.resolve_credential(key, peering.ACCOUNT)
    principal = evaluator.resolve_principal(key, peering.ACCOUNT)
    if isinstance(credential, evaluator.CredentialResolutionError) or isinstance(principal, evaluator.AuthError):
        return {}
    session = sts._sessions.get(key) or {
        "Arn": credential.principal_arn,
        "UserId": credential.principal_id,
        "SecretAccessKey": credential.secret_access_key,
        "PrincipalType": credential.principal_type,
        "PrincipalName": credential.principal_name,
    }
    return {"session": session, "principal": asdict(principal)}


def _principal_from(data: dict[str, Any]) -> Any:
    evaluator = module(_EVALUATOR)

    def documents(layer: list[list[dict[str, Any]]]) -> list[list[Any]]:
        return [[evaluator.ParsedStatement(**statement) for statement in document] for document in layer]

    return evaluator.PrincipalInfo(
        arn=data["arn"],
        type=data["type"],
        account=data["account"],
        policies=None if data["policies"] is None else documents(data["policies"]),
        keys=data["keys"],
        limits=[documents(limit) for limit in data["limits"]],
    )


def _with_foreigners(resolve: Callable[..., Any]) -> Callable[..., Any]:
    evaluator = module(_EVALUATOR)

    def resolve_principal(key: str, account: str, credential: Any = None) -> Any:
        principal = _foreigners.principal(key)
        if principal is None:
            return resolve(key, account, credential)
        checked = credential or evaluator.resolve_credential(key, principal.account)
        if isinstance(checked, evaluator.CredentialResolutionError):
            return evaluator.AuthError(checked.code, checked.message)
        return principal

    return resolve_principal
