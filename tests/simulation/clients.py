"""Clients: each wants one job and asks for it, with the same idempotency key, until a Region accepts it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from functions.application.ports import StateUnavailable
from functions.application.submit_job import SubmitRequest
from functions.domain.errors import AntipodeError
from tests.simulation.machine import Power, Process
from tests.simulation.plan import Order, peer_of
from tests.simulation.plan_of_limits import KEY
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
        request = _request(order)

        async def submit(process: Process) -> dict[str, Any]:
            if request.session is None:
                return await region.submit_job(process).submit(request)
            return await region.submit_turn(process).submit(request)

        view = await self.ask(region, "submit", submit)
        if isinstance(view, AntipodeError) and not view.row.retryable:
            self.surprises.append(view)
        if isinstance(view, dict):
            now = asyncio.get_running_loop().time()
            self.acknowledged.append(Acknowledgement(order, view["id"], view["durability"], name, now))
        return isinstance(view, dict)

    async def ask(
        self, region: Region, role: str, program: Callable[[Process], Coroutine[Any, Any, Any]]
    ) -> dict[str, Any] | AntipodeError | None:
        """Have a process of a Region do something; return its answer or refusal, or None when none is heard in time."""
        if region.machinery.power is Power.LOST:
            return None
        process = region.new_process(role)
        task = process.start(program(process))
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        heard = task.done()  # if not, it may still go on there, and nobody listens
        task.add_done_callback(lambda done: self._ended(done, process))
        if not heard or task.cancelled():
            return None
        match task.exception():
            case None:
                answer: dict[str, Any] = task.result()
                return answer
            case AntipodeError() as refusal:
                return refusal
            case _:
                return None

    def _ended(self, task: asyncio.Task[Any], process: Process) -> None:
        process.machinery.processes.pop(process, None)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, AntipodeError | StateUnavailable):
            self.surprises.append(error)


def _request(order: Order) -> SubmitRequest:
    return SubmitRequest(
        tenant=TENANT,
        agent=order.agent,
        input=order.work.model_dump(mode="json", exclude_defaults=True),
        idempotency_key=order.key,
        delay_seconds=order.delay_seconds,
        session=order.session,
        limit_keys=(KEY,) if order.limited else None,
    )
