"""Clients: each wants one job and asks for it, with the same idempotency key, until a Region accepts it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from functions.application.submit_job import SubmitRequest
from functions.domain.errors import AntipodeError
from functions.domain.job.events import Json
from tests.simulation.machine import Power, Process
from tests.simulation.plan import Order, peer_of
from tests.simulation.region import Region
from tests.simulation.virtual_time import pass_time

PATIENCE_SECONDS = 6.0
TENANT = "acme"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a client was told: the job exists, and how safe it is."""

    order: Order
    job_id: str
    durability: str
    region: str
    at: float


@dataclass(slots=True)
class Clients:
    """All clients, and what they were told."""

    regions: Mapping[str, Region]
    random: Random
    acknowledged: list[Acknowledgement] = field(default_factory=list)
    surprises: list[BaseException] = field(default_factory=list)

    async def place(self, order: Order) -> None:
        """Ask until somebody accepts, some clients also twice at once; some ask again afterwards."""
        await pass_time(order.at)
        if order.twice_at_once:
            await asyncio.gather(self._ask_all(order), self._ask(order, peer_of(order.regions[0])))
        else:
            await self._ask_all(order)
        if self.random.random() < 0.3:
            await pass_time(self.random.uniform(0.0, 30.0))
            await self._ask(order, self.random.choice(order.regions))

    async def _ask_all(self, order: Order) -> None:
        for region in order.regions:
            if await self._ask(order, region):
                return
            await pass_time(self.random.uniform(0.2, 5.0))

    async def _ask(self, order: Order, name: str) -> bool:
        """Ask one Region; say whether it accepted."""
        region = self.regions[name]
        if region.machinery.power is Power.LOST:
            return False
        process = region.new_process("submit")
        task = process.start(region.submit_job(process).submit(_request(order)))
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        heard = task.done()  # if not, it may still go on there, and nobody listens
        task.add_done_callback(lambda done: self._ended(done, process))
        if not heard or task.cancelled() or task.exception() is not None:
            return False
        self._note(order, name, task.result())
        return True

    def _ended(self, task: asyncio.Task[dict[str, Json]], process: Process) -> None:
        process.machinery.processes.pop(process, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and not (isinstance(error, AntipodeError) and error.row.retryable):
            self.surprises.append(error)

    def _note(self, order: Order, region: str, view: Mapping[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        self.acknowledged.append(Acknowledgement(order, view["id"], view["durability"], region, now))


def _request(order: Order) -> SubmitRequest:
    return SubmitRequest(
        tenant=TENANT,
        agent="walk",
        input=order.work.model_dump(),
        idempotency_key=order.key,
        delay_seconds=order.delay_seconds,
    )
