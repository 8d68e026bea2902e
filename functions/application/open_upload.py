"""Let a client upload an input that is too large for a request: straight into this Region's store, past API Gateway.

The request that the client gets is signed for exactly these bytes. What is uploaded becomes a payload when a job is
submitted that names it (`KeepPayloads.adopt_input`); until then nobody reads it, and it is thrown away after a day.
"""

from dataclasses import dataclass

from functions.application.keep_payloads import SIGNED_FOR_SECONDS
from functions.application.ports import Clock, PayloadKey, Payloads
from functions.domain.job.events import Json
from functions.domain.moments import add_seconds
from functions.domain.payload import PayloadReference


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """The use case."""

    own: Payloads
    clock: Clock

    async def open(self, tenant: str, sha256: str, size: int) -> dict[str, Json]:
        """Return the request by which to upload, and the reference to send as `input` afterwards."""
        key = PayloadKey(tenant, sha256)
        expires_at = add_seconds(self.clock.now(), SIGNED_FOR_SECONDS)
        signed = await self.own.sign_upload(key, size, SIGNED_FOR_SECONDS)
        return {
            "upload": {
                "method": signed.method,
                "url": signed.url,
                "headers": dict(signed.headers),
                "expires_at": expires_at,
            },
            "reference": PayloadReference(sha256, size).to_json(),
        }
