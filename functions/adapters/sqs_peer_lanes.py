"""The peer's lanes, for hints only: queues have one name in both Regions, so their addresses are asked for by name."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from functions.adapters.aws_refusals import refusal_in
from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.sqs_lanes import SqsLanes
from functions.application.ports import LaneSend, LaneUnavailable
from functions.application.record_steps import Say

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsPeerLanes:
    """Lanes of the peer Region; `urls` are this Region's."""

    def __init__(
        self,
        urls: Mapping[str, str],
        make_client: Callable[[], "SQSClient"],
        calls: BlockingCalls,
        say: Say,
        limit_seconds: float,
    ) -> None:
        self._names = {lane: url.rpartition("/")[2] for lane, url in urls.items()}
        self._make_client = make_client
        self._calls = calls
        self._say = say
        self._limit_seconds = limit_seconds
        self._lanes: SqsLanes | None = None

    def names(self) -> Sequence[str]:
        """See Lanes."""
        return list(self._names)

    async def send(self, sends: Sequence[LaneSend]) -> None:
        """See Lanes."""
        try:
            async with asyncio.timeout(self._limit_seconds):
                await (await self._known()).send(sends)
        except TimeoutError:
            raise LaneUnavailable(f"the peer's lanes: no answer within {self._limit_seconds} s") from None

    async def depths(self) -> Mapping[str, tuple[int, int]]:
        """See Lanes."""
        return await (await self._known()).depths()

    async def _known(self) -> SqsLanes:
        if self._lanes is None:
            found = await self._calls.run(self._find)
            self._lanes = SqsLanes(found, self._make_client, self._calls, self._say)
        return self._lanes

    def _find(self) -> Mapping[str, str]:
        client = self._make_client()
        try:
            return {lane: client.get_queue_url(QueueName=name)["QueueUrl"] for lane, name in self._names.items()}
        except Exception as error:
            refusal = refusal_in(error)
            if refusal is None:
                raise
            raise LaneUnavailable(f"the peer's lanes cannot be found: {refusal.detail}") from error
