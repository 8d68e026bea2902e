"""What the model says: the first scripted answer that fits the prompt, else the first rule that knows its kind."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from localstack.model.licence_reader import files_in, read_licence

NOTHING_FITS: Final = "No scripted answer and no rule of this model server fits this prompt."
_LIE: Final = "This file was written by nobody and nothing in it is true."


@dataclass(frozen=True)
class Answer:
    """The answer, and what the model says instead when it is made to lie: well formed, confident and wrong."""

    text: str
    lie: str
    by: str
    """`script`, `rule` or `nothing`."""


class ScriptedAnswer(BaseModel):
    """Answers for prompts that contain all of some texts.

    Several answers are given one after the other, the last for ever; after `times` of them the script no longer
    applies. An answer that is no string is written as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    contains: Annotated[tuple[str, ...], Field(min_length=1)]
    answers: Annotated[tuple[Any, ...], Field(min_length=1)]
    times: Annotated[int, Field(ge=1)] | None = None

    @field_validator("contains", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def fits(self, prompt: str) -> bool:
        """Whether the prompt holds all of the texts."""
        return all(text in prompt for text in self.contains)


SCRIPT: Final[TypeAdapter[tuple[ScriptedAnswer, ...]]] = TypeAdapter(tuple[ScriptedAnswer, ...])


class Answers:
    """Scripted answers first, then rules. Remembers how often each script was used; nothing else."""

    def __init__(self, script: Sequence[ScriptedAnswer] = ()) -> None:
        self._script = tuple(script)
        self._used = [0] * len(self._script)

    @property
    def script(self) -> tuple[ScriptedAnswer, ...]:
        """The script in force."""
        return self._script

    def scripted(self, prompt: str) -> Answer | None:
        """The next scripted answer for a prompt, if a script fits."""
        for number, entry in enumerate(self._script):
            used = self._used[number]
            if not entry.fits(prompt) or (entry.times is not None and used >= entry.times):
                continue
            self._used[number] += 1
            given = entry.answers[min(used, len(entry.answers) - 1)]
            return Answer(given if isinstance(given, str) else json.dumps(given), _LIE, "script")
        return None

    def ruled(self, prompt: str) -> Answer:
        """The answer by rule; a prompt that no rule knows is told so."""
        return _licence_answer(prompt) or Answer(NOTHING_FITS, _LIE, "nothing")


def _licence_answer(prompt: str) -> Answer | None:
    """A licence review: any prompt that shows files in the form that `licence_reader` understands."""
    if not files_in(prompt):
        return None
    reading = read_licence(prompt)
    said = {
        "spdx": reading.spdx,
        "risk": reading.risk,
        "evidence": list(reading.evidence),
        "confidence": reading.confidence,
    }
    lie = {"spdx": "Beerware", "risk": "permissive", "evidence": [_LIE], "confidence": 0.99}
    return Answer(json.dumps(said), json.dumps(lie), "rule")
