"""What the API answers about the Regions: how they are, how they stand, and what one was told. The rest: `answers`."""

from typing import Literal

from functions.sdk.answers import Answer, LaneShown


class LeaseShown(Answer):
    """Who may work on a Region's jobs; `valid_for_seconds`: for how long what was read just now may be relied upon."""

    holder: str
    term: int
    phase: Literal["held", "taken", "returning"]
    renewal: int
    valid_for_seconds: float


class Told(Answer):
    """What a Region was told last, and by whom."""

    away: bool
    at: str
    by: str
    reason: str | None


class StandingShown(Answer):
    """How a Region stands. While it is evacuated: how many jobs are left there, how many of these run, how many are
    handed over but not begun with by the other, and how many were handed over in all. While it returns: for what.
    """

    phase: Literal["active", "evacuating", "evacuated", "returning"]
    told: Told | None = None
    since: str | None = None
    left: int | None = None
    running: int | None = None
    handing: int | None = None
    handed_over: int | None = None
    lost_within_the_hour: int | None = None
    until: str | None = None
    waits_for: str | None = None


class RegionMoved(Answer):
    """What a Region was told, and whether both Regions know."""

    region: str
    standing: StandingShown
    durability: Literal["both", "local"]


class RegionShown(Answer):
    """A Region, its last sign of life and its lanes, as the Region that answers sees them.

    `lease` is null where ownership goes by the verdict alone, and where the control table does not answer.
    """

    name: str
    heartbeat_at: str | None
    heartbeat_age_seconds: float | None
    fresh: bool
    standing: StandingShown
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
