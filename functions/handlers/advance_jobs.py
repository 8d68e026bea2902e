"""The workers of the lanes critical, standard and batch: a batch of messages, all their jobs at once."""

from typing import TYPE_CHECKING, Any, Protocol

from functions.adapters.process_loop import run_to_end
from functions.adapters.sqs_batch import advance_batch
from functions.bootstrap import runtime

if TYPE_CHECKING:
    from functions.application.bury_message import DeadMessage

#: Jobs begin to yield this long before Lambda would stop them: time to finish a step and to write it.
MARGIN_SECONDS = 10.0


class LambdaContext(Protocol):
    """What is asked of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Lambda's entry point."""
    left = context.get_remaining_time_in_millis() / 1000
    stop_at = runtime().clock.monotonic() + left - MARGIN_SECONDS
    return run_to_end(_advance(event["Records"], stop_at))


async def _advance(records: list[dict[str, Any]], stop_at: float) -> dict[str, list[dict[str, str]]]:
    async with runtime().count_flow.telling():
        return await advance_batch(records, runtime().advance_job.advance, _bury, stop_at, runtime().log)


async def _bury(dead: "DeadMessage") -> None:
    from functions.redriving import redriving  # loaded when there is something to bury, which is next to never

    await redriving().bury_message.bury(dead)
