"""What goes wrong on purpose, and when: decided by a seed and the prompt, so that a run can be repeated.

The decision for a prompt depends on the seed, its text and how often it was asked before; not on the order in which
other prompts come in. So the same jobs meet the same faults in every run, however their requests interleave.
"""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rate = Annotated[float, Field(ge=0, le=1)]


class Fault(StrEnum):
    """What can happen to a request instead of an honest answer."""

    THROTTLE = "throttle"
    ERROR = "error"
    HANG = "hang"
    MALFORMED = "malformed"
    LIE = "lie"


class Behaviour(BaseModel):
    """How the model behaves: settable while it runs. The rates are shares of all requests and add up to one at most."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    latency_ms: Annotated[float, Field(ge=0, le=600_000)] = 0
    latency_spread_ms: Annotated[float, Field(ge=0, le=600_000)] = 0
    """Up to this much is added to each request's latency."""
    throttle_rate: Rate = 0
    retry_after_seconds: Annotated[int, Field(ge=0, le=3600)] = 1
    error_rate: Rate = 0
    error_status: Annotated[int, Field(ge=400, le=599)] = 500
    hang_rate: Rate = 0
    malformed_rate: Rate = 0
    lie_rate: Rate = 0
    only_prompts_with: str = ""
    """Faults (not the latency) befall only prompts that contain this text."""
    fault_limit: Annotated[int, Field(ge=0)] | None = None
    """After this many faults there are no more, until the limit is set anew."""
    seed: int = 0

    @model_validator(mode="after")
    def _rates_add_up(self) -> Self:
        if sum(self.rates.values()) > 1:
            raise ValueError("the rates add up to more than 1")
        return self

    @property
    def rates(self) -> dict[Fault, float]:
        """The share of each fault."""
        return {
            Fault.THROTTLE: self.throttle_rate,
            Fault.ERROR: self.error_rate,
            Fault.HANG: self.hang_rate,
            Fault.MALFORMED: self.malformed_rate,
            Fault.LIE: self.lie_rate,
        }


@dataclass(frozen=True)
class Fate:
    """What will happen to one request."""

    latency_seconds: float
    fault: Fault | None


class Fates:
    """Decides request by request."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._asked: Counter[str] = Counter()
        self._faults = 0

    def change(self, behaviour: Behaviour) -> None:
        """From now on behave so; faults are counted anew."""
        self.behaviour = behaviour
        self._faults = 0

    def decide(self, prompt: str) -> Fate:
        """The fate of the next request with this prompt."""
        behaviour = self.behaviour
        digest = hashlib.sha256(prompt.encode()).hexdigest()
        chance = random.Random(f"{behaviour.seed}:{digest}:{self._asked[digest]}")
        self._asked[digest] += 1
        latency = behaviour.latency_ms + chance.random() * behaviour.latency_spread_ms
        fault = self._fault(chance.random(), prompt)
        self._faults += fault is not None
        return Fate(latency / 1000, fault)

    def _fault(self, drawn: float, prompt: str) -> Fault | None:
        behaviour = self.behaviour
        if behaviour.only_prompts_with not in prompt:
            return None
        if behaviour.fault_limit is not None and self._faults >= behaviour.fault_limit:
            return None
        for fault, rate in behaviour.rates.items():
            if drawn < rate:
                return fault
            drawn -= rate
        return None
