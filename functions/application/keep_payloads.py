"""Keep what is too large for the history as payloads in both Regions' stores, and turn references back into values.

A payload is stored before the event that names it is written, in both Regions at once. While the peer cannot be reached
it is stored here alone, its reference says so, and a note has it copied later (`copy_payloads.py`). Payloads are named
by their content, so writing one twice, or in both Regions, is never a conflict, and what is read is checked against its
name.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from functions.application.copy_ports import OwedCopies
from functions.application.ports import (
    Clock,
    PayloadKey,
    PayloadMissing,
    PayloadPlace,
    Payloads,
    PayloadUnavailable,
    StateUnavailable,
)
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from functions.domain.moments import add_seconds
from functions.domain.payload import (
    INLINE_BYTES,
    MARK,
    PayloadReference,
    as_inline,
    decode_value,
    encode_value,
    from_inline,
    reference_in,
    reference_sent,
    size_of_value,
)

#: A function's answer may have 6 MB, with its body as a string in it: what is larger is fetched by its own address.
LARGEST_SHOWN_BYTES = 5_000_000
#: An input up to this size is checked against the agent's type while its client waits, a larger one when it is run.
LARGEST_CHECKED_BYTES = 5_000_000
SIGNED_FOR_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPayloads:
    """The use case. `peer` is the peer Region's store, reached directly."""

    own: Payloads
    peer: Payloads
    owed: OwedCopies
    clock: Clock

    async def externalise(self, tenant: str, value: Json, size: int) -> Json:
        """Return what to record for a value of `size` bytes (`domain.payload.size_of_value`): itself or a reference.

        When this returns, both Regions hold the payload, or the reference says that only this one does and a copy is
        noted as owed. Raises AntipodeError value_not_serialisable, value_too_large (final); PayloadUnavailable when the
        store here refuses, or the table where the peer did.
        """
        if size <= INLINE_BYTES:
            return as_inline(value)
        data = encode_value(value, "a value")
        key = PayloadKey(tenant, hashlib.sha256(data).hexdigest())
        in_both = await self._in_both(key, self.own.put(key, data), self.peer.put(key, data))
        return PayloadReference(key.sha256, len(data), local=not in_both).to_json()

    async def resolve(self, tenant: str, value: Json) -> Json:
        """Return the value for which `value` was recorded.

        Raises AntipodeError payload_missing, invalid_json (final); PayloadUnavailable when trying again can help.
        """
        reference = reference_in(value)
        return from_inline(value) if reference is None else await self._fetch(tenant, reference, "payload")

    async def adopt_input(self, tenant: str, sent: Json, check: Callable[[Json], None]) -> Json:
        """Return what to record for the input that a client sends, a value or a reference to what it has uploaded.

        `check` gets the value, unless it is too large to be looked at now, and raises what is wrong with it. Raises
        AntipodeError invalid_body, invalid_json, payload_missing, all naming `input`; PayloadUnavailable.
        """
        reference = reference_sent(sent, "input")
        if reference is None:
            value = from_inline(sent)
            check(value)
            return await self.externalise(tenant, value, size_of_value(value, "input"))
        in_both = await self._take_over(PayloadKey(tenant, reference.sha256), reference.size)
        if reference.size <= LARGEST_CHECKED_BYTES:
            check(await self._fetch(tenant, reference, "input"))
        return PayloadReference(reference.sha256, reference.size, local=not in_both).to_json()

    async def show_result(self, tenant: str, view: Mapping[str, Json]) -> dict[str, Json]:
        """Return a job's view with its result as clients get it: the value, or an address from which to fetch it.

        A payload that cannot be had, for now or for good, is no reason not to show the job: the view says why.
        """
        if "result" not in view:
            return dict(view)
        recorded = view["result"]
        reference = reference_in(recorded)
        if reference is None:
            return {**view, "result": from_inline(recorded)}
        result: dict[str, Json] = {"sha256": reference.sha256, "bytes": reference.size}
        try:
            if reference.size <= LARGEST_SHOWN_BYTES:
                value = await self._fetch(tenant, reference, "result")
                if _fits_an_answer(value):
                    return {**view, "result": value}
            result |= await self._address(PayloadKey(tenant, reference.sha256))
        except AntipodeError as error:
            result["error"] = error.code
        except PayloadUnavailable:
            result["error"] = "payload_unavailable"
        rest = {name: value for name, value in view.items() if name != "result"}
        return {**rest, "result_reference": result}

    async def _fetch(self, tenant: str, reference: PayloadReference, what: str) -> Json:
        return decode_value(await self._read(PayloadKey(tenant, reference.sha256)), what)

    async def _read(self, key: PayloadKey) -> bytes:
        refusal: PayloadUnavailable | None = None
        for store in (self.own, self.peer):
            try:
                data = await store.get(key)
            except PayloadMissing:
                continue
            except PayloadUnavailable as error:
                refusal = error
                continue
            if hashlib.sha256(data).hexdigest() == key.sha256:
                return data
        if refusal is not None:
            raise refusal
        raise AntipodeError("payload_missing", f"neither Region holds payload {key.sha256} any more")

    async def _take_over(self, key: PayloadKey, size: int) -> bool:
        place = await self._find(key)
        if place is None:
            detail = "no payload of this SHA-256 has been uploaded here; ask POST /v1/payloads, upload it, then submit"
            raise AntipodeError("payload_missing", detail, field="input")
        if place.size != size:
            detail = f"the payload has {place.size} bytes, not {size}"
            raise AntipodeError("invalid_body", detail, field=f"input.{MARK}.bytes")
        try:
            return await self._in_both(key, self.own.take_over(key, place), self.peer.take_over(key, place))
        except PayloadMissing:
            detail = "the upload has expired; ask POST /v1/payloads and upload it again"
            raise AntipodeError("payload_missing", detail, field="input") from None

    async def _find(self, key: PayloadKey) -> PayloadPlace | None:
        """Look in the peer's store as well: a client may upload to one Region and then submit to the other.

        A peer that does not answer is as good as one that does not have it: the client can upload it here.
        """
        place = await self.own.find(key)
        if place is not None:
            return place
        try:
            return await self.peer.find(key)
        except PayloadUnavailable:
            return None

    async def _address(self, key: PayloadKey) -> dict[str, Json]:
        expires_at = add_seconds(self.clock.now(), SIGNED_FOR_SECONDS)
        refusal: PayloadUnavailable | None = None
        for store in (self.own, self.peer):
            try:
                place = await store.find(key)
            except PayloadUnavailable as error:
                refusal = error
                continue
            if place is not None:
                signed = await store.sign_download(key, SIGNED_FOR_SECONDS)
                return {"url": signed.url, "expires_at": expires_at}
        if refusal is not None:
            raise refusal
        raise AntipodeError("payload_missing", f"neither Region holds payload {key.sha256} any more")

    async def _in_both(self, key: PayloadKey, own: Awaitable[None], peer: Awaitable[None]) -> bool:
        """Do both at once. Return whether the peer could be reached; whatever else went wrong is raised.

        That a copy is owed is written before anybody can name the payload: whoever dies before that has recorded
        nothing, and keeps it again.
        """
        outcomes = await asyncio.gather(own, peer, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None and not (outcome is outcomes[1] and isinstance(outcome, PayloadUnavailable)):
                raise outcome
        if outcomes[1] is None:
            return True
        try:
            await self.owed.owe(key, self.clock.now())
        except StateUnavailable as error:
            raise PayloadUnavailable(f"the peer does not answer, nor can that be noted: {error}") from error
        return False


def list_result(view: Mapping[str, Json]) -> dict[str, Json]:
    """Return a job's view for a listing, where no payload is read: with its result, or with the reference to it."""
    if "result" not in view:
        return dict(view)
    reference = reference_in(view["result"])
    if reference is None:
        return {**view, "result": from_inline(view["result"])}
    rest = {name: value for name, value in view.items() if name != "result"}
    return {**rest, "result_reference": {"sha256": reference.sha256, "bytes": reference.size}}


def _fits_an_answer(value: Json) -> bool:
    """Whether the value fits as it is sent: as JSON in ASCII, and that once more as a string in the answer."""
    return len(json.dumps(json.dumps(value, separators=(",", ":")))) <= LARGEST_SHOWN_BYTES
