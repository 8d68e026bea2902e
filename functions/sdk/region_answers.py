"""What the API answers of the two Regions, as types: see `answers`."""

from typing import Literal

from functions.sdk.answers import Answer, LaneShown


class LeaseShown(Answer):
    """Who may work on a Region's jobs; `valid_for_seconds`: for how long what was read just now may be relied upon."""

    holder: str
    term: int
    phase: Literal["held", "taken", "returning"]
    renewal: int
    valid_for_seconds: float


class RegionShown(Answer):
    """A Region, its last sign of life and its lanes, as the Region that answers sees them.

    `lease` is null where ownership goes by the verdict alone, and where the control table does not answer.
    """

    name: str
    heartbeat_at: str | None
    heartbeat_age_seconds: float | None
    fresh: bool
    lanes: dict[str, LaneShown]
    lease: LeaseShown | None = None


class PeerShown(Answer):
    """Whether the Region that answers holds its peer for lost."""

    region: str
    lost: bool
    since: str | None


class Regions(Answer):
    """Both Regions, as one of them sees them."""

    answered_by: str
    regions: list[RegionShown]
    lanes: dict[str, LaneShown]
    peer: PeerShown
