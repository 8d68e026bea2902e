"""Tells a service that refuses or does not answer from a request of ours that is wrong: only the first heals.

botocore is imported when the first call has failed, so that it costs nothing before the first client.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the service said: its error code ('' when there was no answer), its words, and its whole answer."""

    code: str
    detail: str
    answer: Any

    @property
    def retry_after(self) -> str | None:
        """When the service wants to be asked again, as it said so in the header: seconds, or a date."""
        headers = self.answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        said = headers.get("retry-after")
        return None if said is None else str(said)


def refusal_in(error: Exception) -> Refusal | None:
    """Return what an AWS call's exception says about the service; None when it says nothing about it."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        return Refusal(error.response.get("Error", {}).get("Code", ""), str(error), error.response)
    if isinstance(error, ParamValidationError):
        return None
    if isinstance(error, BotoCoreError | ResponseParserError):
        return Refusal("", str(error), {})
    return None
