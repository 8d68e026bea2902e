"""What agents and the runtime need of each other: steps, waits and calls that are recorded, and agents that are run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.application.ports import Model
from functions.domain.job.arrivals import Arrival, ArrivalKind
from functions.domain.job.events import Json
from functions.domain.job.retry import ONCE, Retry


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What an effect gives back to be recorded."""

    result: Json
    input_tokens: int = 0
    output_tokens: int = 0


class Effect(Protocol):
    """Something to be done once in a history; gets the step's idempotency key."""

    async def __call__(self, idempotency_key: str) -> StepOutcome: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """A step that an agent asks for: an effect to carry out once. `name` is its path among the agent's branches.

    `repeatable`: carrying it out twice does no harm. `expensive`: its result is made durable at once. `seconds`: how
    long one try may take.
    """

    name: str
    kind: str
    arguments: Json
    effect: Effect
    expensive: bool = False
    repeatable: bool = True
    retry: Retry = ONCE
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A child job that an agent asks for, and how long it waits for its end."""

    name: str
    agent: str
    input: Json
    seconds: float
    lane: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRequest:
    """Something that an agent tells another job of its tenant, once.

    Two of one `topic` and `key` are the same; the key is the step's own where none is given.
    """

    name: str
    job_id: str
    topic: str
    body: Json
    kind: ArrivalKind = ArrivalKind.SIGNAL
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequest:
    """Which end of a turn counts, asks its session, which has been told of ends at these `places` of its history."""

    name: str
    job_id: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrivePage:
    """A page of dead letters to be redriven: what the redrive's `plan` says, from before a place in the list."""

    name: str
    plan: dict[str, Json]
    before: str | None
    limit: int


class Settle(Protocol):
    """Makes a wait's result of what arrived, or of nothing when the time is up. Raises AntipodeError when it failed."""

    def __call__(self, arrival: Arrival | None) -> Json: ...


class Choose(Protocol):
    """Returns the id of the child that a step is to wait for, before that is recorded."""

    async def __call__(self, step: str) -> str: ...


class Begin(Protocol):
    """Sets a child going, that a wait waits for. Carrying it out again does nothing more. Raises AntipodeError."""

    async def __call__(self, step: str, child: str) -> None: ...


class Abandon(Protocol):
    """Ends a child that nobody waits for any more. Carrying it out again does nothing more."""

    async def __call__(self, step: str, child: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRequest:
    """A step that waits for `seconds` or until a moment, or until something arrives about `topic` (the step itself).

    With `choose` it waits for a child: `begin` is carried out once the wait is recorded, as often as it takes;
    `abandon` when the time is up or the job is to end.
    """

    name: str
    kind: str
    arguments: Json
    settle: Settle
    seconds: float = 0.0
    until: str | None = None
    arrives: ArrivalKind | None = None
    topic: str | None = None
    about: dict[str, Json] | None = None
    choose: Choose | None = None
    begin: Begin | None = None
    abandon: Abandon | None = None


class Cancelled(BaseException):
    """Somebody asked that the job end. Raised once, at the step where it is; steps after it undo what has been done.

    Not an Exception, so that an agent's own `except Exception` does not take it for a failure of the step.
    """


class ContinueAsNew(BaseException):
    """The agent asks to begin anew with this input."""

    def __init__(self, value: Json) -> None:
        super().__init__("continue as new")
        self.value = value


class StepRecorder(Protocol):
    """What a running agent's Context is built on."""

    @property
    def job_id(self) -> str:
        """The job that runs."""

    @property
    def model(self) -> Model:
        """The model to ask."""

    async def step(self, request: StepRequest) -> Json:
        """Return the recorded result of the step, or carry out its effect, record its outcome and return it.

        Raises AntipodeError when the step has failed, now or in the history.
        """

    async def wait(self, request: WaitRequest) -> Json:
        """Return the recorded result of the wait, or wait, record what came of it and return it."""

    async def call(self, request: CallRequest) -> Json:
        """Return the result of a child job, which is begun if it has not been. Raises AntipodeError child_failed."""

    async def tell(self, request: TellRequest) -> Json:
        """Tell another job something. Returns {"told"}: whether it was; and {"end"}, if it has ended."""

    async def end_that_counts(self, request: EndRequest) -> Json:
        """Return {"settled", "end"}: how a turn has ended, and whether that can change no more."""

    async def redrive(self, request: RedrivePage) -> Json:
        """Redrive a page of dead letters. Returns {"next", "redriven", "refused", "examples"}."""

    @property
    def session(self) -> str | None:
        """The session of which the job is a turn."""

    @property
    def memory(self) -> Sequence[Json]:
        """The newest entries of the conversation before this turn, each {"role", "content", "turn"}."""

    def begun(self, branch: str) -> None:
        """Say that a branch of that path, like "gather[0]/", begins."""

    async def ended(self, branch: str, error: BaseException | None = None) -> None:
        """Say that a branch of that path has come to its end by itself, with an error or without."""

    async def report(self, name: str, note: Json) -> None:
        """Record how far the agent is, once."""

    def now(self) -> str:
        """Return the present moment, unrecorded."""

    def fraction(self) -> float:
        """Return a random number in [0, 1), unrecorded."""

    def token(self) -> str:
        """Return 43 random url-safe characters, unrecorded."""


class Agent(Protocol):
    """A registered agent, ready to run."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def description(self) -> str:
        """One sentence on what it does."""

    def check_input(self, value: Json) -> None:
        """Raise AntipodeError invalid_body, with the field as `input.<path>`, when the input does not fit."""

    def input_schema(self) -> dict[str, Json]:
        """Return the JSON schema of its input."""

    async def run(self, recorder: StepRecorder, value: Json) -> Json:
        """Run it and return its result as JSON. Raises AntipodeError for what is final."""


class Agents(Protocol):
    """The agents of this release."""

    def names(self) -> Sequence[str]:
        """Return their names."""

    def versions(self, name: str) -> Sequence[str]:
        """Return the versions of an agent in this release, the newest first."""

    def find(self, name: str, version: str | None = None) -> Agent | None:
        """Return the agent of that name, in that version or the newest, loading it on first use."""
