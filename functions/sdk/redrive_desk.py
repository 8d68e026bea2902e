"""What the agent `redrive` does with dead letters, page by page. Of use to that agent alone."""

from dataclasses import dataclass

from functions.application.agent_ports import RedrivePage
from functions.domain.dead_letter import LETTER_SHARDS
from functions.domain.job.events import Json
from functions.sdk.context import Context

__all__ = ["LETTER_SHARDS", "RedriveDesk", "Redriven"]


@dataclass(frozen=True, slots=True)
class Redriven:
    """What came of one page: how many were asked to go on, how many were refused for which reason, and what follows."""

    next: str | None
    redriven: int
    refused: dict[str, int]
    examples: dict[str, str]


class RedriveDesk:
    """The dead letters of the job's tenant."""

    def __init__(self, ctx: Context) -> None:
        self._recorder = ctx.recorder

    async def page(self, plan: dict[str, Json], before: str | None, limit: int) -> Redriven:
        """Redrive the page that begins before this place, at the plan's rate."""
        answer = await self._recorder.redrive(RedrivePage(name="page", plan=plan, before=before, limit=limit))
        assert isinstance(answer, dict)
        following, redriven = answer["next"], answer["redriven"]
        refused, examples = answer["refused"], answer["examples"]
        assert isinstance(redriven, int)
        assert isinstance(refused, dict)
        assert isinstance(examples, dict)
        return Redriven(
            None if following is None else str(following),
            redriven,
            {code: int(str(count)) for code, count in refused.items()},
            {name: str(code) for name, code in examples.items()},
        )
