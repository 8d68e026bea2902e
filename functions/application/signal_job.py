"""Send a job a signal: it is durable before it is acknowledged, and kept until the job waits for it."""

from dataclasses import dataclass

from functions.application.get_job import read_job
from functions.application.ports import Clock, Entropy, HistoryStore
from functions.application.send_arrival import SendArrival, sent_name
from functions.domain.errors import AntipodeError
from functions.domain.job.approvals import how_it_ended
from functions.domain.job.arrivals import ArrivalKind
from functions.domain.job.events import Json
from functions.domain.payload import INLINE_BYTES, size_of_value


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRequest:
    """A signal and who sends it. Two of one name and key are one signal, sent twice."""

    name: str
    body: Json
    by: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalJob:
    """The use case."""

    history: HistoryStore
    send: SendArrival
    clock: Clock
    entropy: Entropy

    async def signal(self, tenant: str, job_id: str, asked: SignalRequest) -> dict[str, Json]:
        """Return {"job", "signal", "durability"}.

        Raises AntipodeError payload_too_large, job_not_found, job_finished, idempotency_conflict, state_unavailable,
        and StateUnavailable.
        """
        size = size_of_value(asked.body, "the signal's body")
        if size > INLINE_BYTES:
            detail = f"a signal's body may have {INLINE_BYTES:,} bytes, it has {size:,}"
            raise AntipodeError("payload_too_large", detail)
        record, state = await read_job(self.history, tenant, job_id)
        name = f"{asked.name}/{sent_name(asked.key, self.clock.now(), self.entropy.token())}"
        known = [each for each in record.arrivals if (each.kind, each.name) == (ArrivalKind.SIGNAL, name)]
        if any(each.body != asked.body for each in known):
            raise AntipodeError("idempotency_conflict", "this Idempotency-Key was used with another body before")
        if state.finished and not known:  # else it was taken in, and the client has not heard of that
            raise AntipodeError("job_finished", f"{job_id} {how_it_ended(state)}")
        sent = await self.send.send(job_id, state, ArrivalKind.SIGNAL, name, by=asked.by, body=asked.body)
        return {"job": job_id, "signal": asked.name, "durability": sent.durability}
