"""What drills are played on: the local cloud today, AWS later. The engine and the stories know no more than this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from functions.domain.job.history import Segment
from localstack.drills.evidence import Sample
from localstack.drills.faults import Fault, Names
from localstack.evidence.replicas import Item, Key
from stacks.api_client import ApiClient, ApiError


class CannotDrill(Exception):
    """The target refuses to begin: something is unwell already, or it has no means for a fault. One line."""


class Underway(Protocol):
    """A fault that was ordered."""

    def undo(self) -> None:
        """Make it as it was before. Safe to call twice."""

    def restored(self) -> bool:
        """Whether it is as it was before."""

    def effect(self, during: Sequence[Sample]) -> tuple[str, bool]:
        """What it did, measured, and whether that can be seen. `during`: the samples of its time."""


class Target(Protocol):
    """A system in two Regions that may be broken. What cannot be reached raises, but for what says otherwise."""

    @property
    def name(self) -> str:
        """As reports and the command line call it."""

    @property
    def regions(self) -> tuple[str, str]:
        """Both Regions; the failover name leads to the first while all is well."""

    def unwell(self, *, by_name: bool = True) -> str | None:
        """Why no drill may begin now; None if all is well. `by_name`: its clients go by the failover name."""

    def versions(self) -> Mapping[str, str]:
        """What runs: of the project, of the functions' code, of what they run on."""

    def configuration(self) -> Mapping[str, str]:
        """What the times of a drill depend on."""

    def api(self, region: str | None, on_failed_try: Callable[[ApiError], None]) -> ApiClient:
        """The public API, of a Region or under the failover name."""

    def begin(self, fault: Fault, names: Names, seed: int) -> Underway:
        """Order a fault. Raises CannotDrill where there are no means for it."""

    def segments(self, region: str, jobs: Collection[str]) -> Mapping[Key, Segment]:
        """Every segment of these jobs in a Region's replica."""

    def items(self, region: str) -> Mapping[Key, Item]:
        """Every item in a Region's replica."""

    def answering(self) -> str | None:
        """The Region that the failover name leads to, as a new client sees it."""

    def answers(self, region: str) -> bool:
        """Whether a Region tells a client that it is well."""

    def peer_lost(self, region: str) -> bool | None:
        """Whether a Region holds its peer for lost; None if it cannot be asked."""

    def behind(self) -> Mapping[str, int]:
        """Changes on their way out of each Region; empty if it cannot be asked."""

    def lag_ms(self) -> Mapping[str, Mapping[str, float | None]]:
        """Replication lag out of each Region."""

    def conflicts(self) -> frozenset[str]:
        """The items that both Regions wrote, so far."""

    def settle(self, seconds: float) -> bool:
        """Wait until all that was written before now has arrived on the other side; say whether it has."""
