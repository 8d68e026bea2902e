"""AWS in this process, by moto, that carries out one request at a time.

moto looks whether a condition holds and writes the item in two steps, with nothing held in between; adapters call it
from many threads. Of ten puts at once under one key several found nothing there. DynamoDB itself does both as one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber


@contextmanager
def mocked_aws() -> Iterator[None]:
    """As `mock_aws`, for clients that are used by several threads."""
    answer, one_at_a_time = BotocoreStubber.process_request, RLock()

    def answer_alone(self: BotocoreStubber, request: Any) -> Any:
        with one_at_a_time:
            return answer(self, request)

    with mock_aws(), patch.object(BotocoreStubber, "process_request", answer_alone):
        yield
