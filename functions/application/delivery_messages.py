"""What a message of the deliveries' queue looks like: there, and on the list of dead letters, whence it can return."""

import json

from functions.application.webhook_ports import Delivery, Detail
from functions.domain.job.public_events import is_detail

_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def encode_delivery(delivery: Delivery) -> str:
    """Return a message's body."""
    about = {
        "webhook": delivery.webhook,
        "callback_url": delivery.callback_url,
        "attempt": delivery.attempt,
        "first_at": delivery.first_at,
        "due": delivery.due,
    }
    return _write({"deliver": about, "event": delivery.detail})


def decode_message(body: str) -> Detail | Delivery:
    """Read a message: an event as it came off the bus, or a delivery. Raises ValueError when it is neither."""
    value = json.loads(body)
    match value:
        case {"deliver": {"attempt": int(attempt), "first_at": str(first_at), "due": str(due), **to}, "event": event}:
            webhook, url = _text_or_none(to.get("webhook")), _text_or_none(to.get("callback_url"))
            if is_detail(event) and (webhook is not None or url is not None):
                return Delivery(
                    detail=event, webhook=webhook, callback_url=url, attempt=attempt, first_at=first_at, due=due
                )
        case dict() if is_detail(value):
            return value
        case _:
            pass
    raise ValueError(f"neither an event nor a delivery: {body[:200]}")


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
