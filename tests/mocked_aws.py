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
from moto.core import models
from moto.core.botocore_stubber import BotocoreStubber


@contextmanager
def mocked_aws(**options: Any) -> Iterator[None]:
    """As `mock_aws` with these options, for clients of boto3 alone that are used by several threads.

    For those of `requests`, which nothing of ours uses, moto would write down 1,300 addresses at each start.
    """
    answer, one_at_a_time = BotocoreStubber.process_request, RLock()

    def answer_alone(self: BotocoreStubber, request: Any) -> Any:
        with one_at_a_time:
            return answer(self, request)

    with (
        patch.object(models, "RESPONSES_METHODS", []),
        mock_aws(**options),
        patch.object(BotocoreStubber, "process_request", answer_alone),
    ):
        yield
