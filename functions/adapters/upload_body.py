"""Reads the request that asks for an upload and says of a wrong one what is wrong."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.adapters.api_gateway import Request
from functions.domain.errors import AntipodeError
from functions.domain.payload import LARGEST_PAYLOAD_BYTES

LARGEST_BODY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What a client is going to upload."""

    sha256: str
    size: int


class UploadBody(BaseModel):
    """The body of POST /v1/payloads."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def read_upload(request: Request) -> UploadRequest:
    """Return what the client asks for. Raises AntipodeError with the field that is wrong."""
    if len(request.body) > LARGEST_BODY_BYTES:
        raise AntipodeError("payload_too_large", f"the body may have {LARGEST_BODY_BYTES} bytes, no more")
    try:
        body = UploadBody.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise AntipodeError("invalid_json", f"the body is not JSON: {first['msg']}"[:300]) from None
        if not first["loc"]:
            raise AntipodeError("invalid_body", "the body must be a JSON object") from None
        name = ".".join(str(part) for part in first["loc"])[:100]
        raise AntipodeError("invalid_body", f"{name}: {first['msg']}"[:300], field=name) from None
    if body.bytes > LARGEST_PAYLOAD_BYTES:
        detail = f"a payload may have {LARGEST_PAYLOAD_BYTES} bytes, no more"
        raise AntipodeError("payload_too_large", detail, field="bytes")
    return UploadRequest(body.sha256, body.bytes)
