"""What became of one job: its view as the API gives it, and its history, told on the story's clock. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.job.events import JobAdopted
from functions.domain.job.state import JobState
from localstack.demo.observations import Loss, Outcome
from localstack.evidence.stretches import ENDINGS, Gone, seconds_after, stretches_of


def outcome_of(view: Mapping[str, Any], state: JobState, *, zero: float, loss: Loss | None) -> Outcome:
    """`zero` is the story's beginning in seconds since 1970."""
    endings = [item for item in state.history if isinstance(item.event, ENDINGS)]
    adoptions = [item for item in state.history if isinstance(item.event, JobAdopted)]
    return Outcome(
        status=view["status"],
        owner_region=view["owner_region"],
        epoch=view["epoch"],
        attempts=view["attempts"],
        finished_at=seconds_after(zero, endings[0]) if endings else None,
        adopted_at=seconds_after(zero, adoptions[0]) if adoptions else None,
        results=len(endings),
        result=view.get("result"),
        error=view.get("error"),
        stretches=tuple(stretches_of(state.history, zero=zero, gone=gone_in(loss))),
    )


def gone_in(loss: Loss | None) -> Gone | None:
    """The Region of this loss, as one that is gone."""
    return None if loss is None else Gone(loss.region, loss.killed_at)
