"""A StepRecorder in memory: carries steps out once, and plays them back in a second run."""

from dataclasses import dataclass, field

from functions.adapters.memory import ScriptedModel
from functions.application.ports import Effect, Model, ModelAnswer
from functions.domain.job.events import Json


@dataclass(frozen=True, slots=True)
class Step:
    """How a step was asked for, and what came of it."""

    name: str
    kind: str
    arguments: Json
    expensive: bool
    repeatable: bool
    result: Json
    tokens: tuple[int, int]


@dataclass(slots=True)
class Recording:
    """The port StepRecorder. After `rewind` the same steps are read instead of carried out."""

    job_id: str = "job_a"
    answers: ScriptedModel = field(default_factory=lambda: ScriptedModel([ModelAnswer("{}", 1, 1)]))
    steps: list[Step] = field(default_factory=list)
    position: int = 0

    @property
    def model(self) -> Model:
        """See StepRecorder."""
        return self.answers

    async def step(
        self, name: str, kind: str, arguments: Json, effect: Effect, *, expensive: bool = False, repeatable: bool = True
    ) -> Json:
        """See StepRecorder."""
        if self.position == len(self.steps):
            outcome = await effect(f"{self.job_id}/{name}")
            tokens = (outcome.input_tokens, outcome.output_tokens)
            self.steps.append(Step(name, kind, arguments, expensive, repeatable, outcome.result, tokens))
        self.position += 1
        return self.steps[self.position - 1].result

    def rewind(self) -> None:
        """From now on what was recorded is read."""
        self.position = 0
