"""The drills. Each reads as it is told: given some load, when this happens, then that holds."""

from __future__ import annotations

import random
from dataclasses import replace

from localstack.drills.bounds import (
    ACCEPTED_MEANWHILE,
    ALL_SUCCEEDED,
    KNOWN_AT_ONCE,
    NOBODY_LOST,
    Bound,
    accepted,
    finished_meanwhile,
    finished_within,
    waits_at_most,
    within,
)
from localstack.drills.faults import (
    FIRST,
    SECOND,
    AnswersLost,
    ClientsCutOff,
    ClockSkewed,
    Fault,
    MessagesSpoilt,
    ModelSpoilt,
    RegionFrozen,
    RegionKilled,
    RegionsParted,
    Released,
    ReplicationPaused,
    ReplicationShaped,
    TableThrottled,
    ToolSpoilt,
    WorkersKilled,
    takes_away,
)
from localstack.drills.lease_stories import LEASES
from localstack.drills.story import Drill, Load, Through, Until
from localstack.drills.times import ACCEPTED_AGAIN, ADOPTION, DETECTION, FAILBACK, NAME_MOVED, RECOVERY

#: 20 s without a heartbeat and three failed probes, and what a busy machine adds.
DETECTED = within(75, DETECTION)

REGION_KILLED = Drill(
    name="region-killed",
    guards="the survivor adopts the jobs of a lost peer",
    given=Load(jobs=36, in_flight=6),
    when=(RegionKilled(FIRST),),
    then=(
        finished_within(150),
        DETECTED,
        within(90, NAME_MOVED),
        within(100, ACCEPTED_AGAIN),
        within(120, ADOPTION),
        within(150, RECOVERY),
        within(90, FAILBACK),
        accepted(1.0),
    ),
)
REGIONS_PARTED = Drill(
    name="regions-parted",
    guards="each item has one writing Region, named in its key",
    given=Load(jobs=24, per_second=8, slow_jobs=8, in_flight=4, through=Through.BOTH),
    when=(RegionsParted(),),
    until=Until.PARTED,
    then=(finished_within(240), DETECTED, accepted(1.0), within(90, FAILBACK)),
)
REGION_FROZEN = Drill(
    name="region-frozen",
    guards="late steps of an epoch that was taken over are never read",
    given=Load(jobs=18, per_second=8, slow_jobs=4, slow_seconds=30),
    when=(RegionFrozen(FIRST),),
    then=(finished_within(150), DETECTED, within(120, ADOPTION), within(90, FAILBACK), accepted(1.0)),
)
WORKERS_AND_MESSAGES = Drill(
    name="workers-and-messages",
    guards="the sweeper finds what no message speaks of, and the append is the fence between two workers",
    given=Load(jobs=24, per_second=4, steps=24, through=Through.FIRST),
    when=(MessagesSpoilt(lost=0.25, doubled=0.35), WorkersKilled(FIRST, every_seconds=4)),
    until=Until.TIME,
    lasts_seconds=10,
    then=(finished_within(150), accepted(1.0)),
)
TELLING = (WORKERS_AND_MESSAGES, REGIONS_PARTED, REGION_FROZEN, REGION_KILLED)
"""The four most telling ones, in the order to play them in: the last one leaves the most to be brought up again."""


def _plain(
    name: str, guards: str, fault: Fault, *then: Bound, given: Load | None = None, seconds: float = 30.0
) -> Drill:
    """One fault for some time, and all is finished soon after it."""
    load = given or Load(jobs=24, per_second=4, steps=24, through=Through.FIRST)
    bounds = (*then, finished_within(150), accepted(1.0))
    return Drill(
        name=name, guards=guards, given=load, when=(fault,), until=Until.TIME, lasts_seconds=seconds, then=bounds
    )


REPLICATION_PAUSED = _plain(
    "replication-paused",
    "an acknowledged job is in both Regions already",
    ReplicationPaused(),
    KNOWN_AT_ONCE,
    given=Load(jobs=24, per_second=4, steps=24, through=Through.FIRST),
    seconds=10,
)
ANSWERS_LOST = _plain(
    "answers-lost",
    "a submit that is sent again under its key is one job",
    AnswersLost(FIRST),
    given=Load(jobs=24, per_second=4, steps=24, through=Through.FIRST),
    seconds=10,
)
ON_ONE_CLOUD = (WORKERS_AND_MESSAGES, REPLICATION_PAUSED, ANSWERS_LOST)
"""Those that `make test` plays before the loss of a Region: they leave little to be healed."""
REVIEWS = Load(jobs=12, per_second=1, in_flight=0, through=Through.FIRST, reviews=True)
ALONE = (
    _plain(
        "first-unheard",
        "one sign alone is not enough to hold a peer for lost",
        RegionsParted(out_of=FIRST),
        NOBODY_LOST,
        ACCEPTED_MEANWHILE,
        given=Load(jobs=24, per_second=4, steps=60, in_flight=3, through=Through.BOTH),
        seconds=45,
    ),
    _plain(
        "second-unheard",
        "a submit is accepted while the peer cannot be reached",
        RegionsParted(out_of=SECOND),
        ACCEPTED_MEANWHILE,
        given=Load(jobs=24, per_second=4, steps=60, in_flight=3, through=Through.BOTH),
    ),
    _plain(
        "clients-cut-off",
        "the name leads to where health checks pass, and jobs go on where they are",
        ClientsCutOff(FIRST),
        NOBODY_LOST,
        within(75, NAME_MOVED),
        given=Load(jobs=24, per_second=2),
        seconds=60,
    ),
    REPLICATION_PAUSED,
    _plain(
        "replication-slow",
        "nothing depends on the order or the time in which items arrive",
        ReplicationShaped(doubled_share=0.2),
        KNOWN_AT_ONCE,
        seconds=45,
    ),
    _plain(
        "messages-late", "a message is a hint, and an ancient one does no harm", MessagesSpoilt(late=0.6), seconds=75
    ),
    _plain(
        "table-throttled",
        "a refused call is tried again, and nothing is lost",
        TableThrottled(FIRST),
        finished_meanwhile(0.25),
    ),
    _plain(
        "clock-skewed",
        "no Region compares its clock with another's",
        ClockSkewed(SECOND),
        NOBODY_LOST,
        given=Load(jobs=24, per_second=4, steps=60, in_flight=3, through=Through.BOTH),
        seconds=45,
    ),
    _plain(
        "clock-behind",
        "no Region compares its clock with another's",
        ClockSkewed(FIRST, seconds=-25.0),
        NOBODY_LOST,
        given=Load(jobs=24, per_second=4, steps=60, in_flight=3, through=Through.BOTH),
        seconds=45,
    ),
    ANSWERS_LOST,
    _plain(
        "tool-failing",
        "a failed step is tried again, its job is not",
        ToolSpoilt("failing", share=0.15),
        ALL_SUCCEEDED,
    ),
    _plain(
        "tool-slow",
        "waiting for a tool holds up no other job",
        ToolSpoilt("slow", seconds=2.0),
        ALL_SUCCEEDED,
        waits_at_most(60),
    ),
    _plain(
        "model-failing",
        "a failed step is tried again, its job is not",
        ModelSpoilt("failing"),
        ALL_SUCCEEDED,
        given=REVIEWS,
    ),
    _plain(
        "model-slow",
        "waiting for a model holds up no other job",
        ModelSpoilt("slow"),
        ALL_SUCCEEDED,
        waits_at_most(20),
        given=replace(REVIEWS, jobs=36, per_second=6),
        seconds=60,
    ),
    _plain("model-lying", "an answer is checked against what it claims", ModelSpoilt("lying"), given=REVIEWS),
)
DEPLOY_DURING_FAILOVER = replace(
    REGION_KILLED,
    name="deploy-during-failover",
    guards="a deploy in the survivor does not interrupt adoption",
    when=(RegionKilled(FIRST), Released(SECOND)),
)
LOST_DURING_FAILBACK = replace(
    REGION_KILLED,
    name="lost-during-failback",
    guards="a Region that is lost while it comes back takes nothing with it",
    when=(RegionKilled(FIRST, again=True),),
)
TOOL_LYING = replace(
    WORKERS_AND_MESSAGES,
    name="tool-lying",
    guards="what a tool has said once is what its job goes by, however often it begins anew",
    given=Load(jobs=18, per_second=4, steps=30, through=Through.FIRST),
    when=(ToolSpoilt("lying"), WorkersKilled(FIRST, every_seconds=12)),
    lasts_seconds=50,
)
_ALL = (*TELLING, *ALONE, TOOL_LYING, DEPLOY_DURING_FAILOVER, LOST_DURING_FAILBACK, *LEASES)
DRILLS = {drill.name: drill for drill in _ALL}

#: For pairs: each is played by the same borders.
_BORDERS = (RegionsParted, ClientsCutOff, ReplicationPaused, AnswersLost)
#: They need both Regions.
_IN_BOTH = (RegionsParted, ReplicationPaused, MessagesSpoilt)


def _together() -> list[tuple[Drill, Drill]]:
    single = [drill for drill in _ALL if len(drill.when) == 1 and not drill.given.reviews and drill not in LEASES]
    return [(a, b) for number, a in enumerate(single) for b in single[number + 1 :] if _can_meet(a, b)]


def pairs(seed: int, count: int) -> list[Drill]:
    """So many drills of two faults at once, drawn by a seed from all that can happen together."""
    together = _together()
    chosen = random.Random(seed).sample(together, min(count, len(together)))
    return [_paired(a, b) for a, b in chosen]


def drill_named(name: str) -> Drill | None:
    """The drill of that name, or the pair `a+b` of two that can happen together; None if there is none."""
    if name in DRILLS:
        return DRILLS[name]
    wanted = set(name.split("+"))
    return next((_paired(a, b) for a, b in _together() if {a.name, b.name} == wanted), None)


def _can_meet(one: Drill, other: Drill) -> bool:
    """Whether both faults can be seen, and be undone, beside each other."""
    first, second = one.when[0], other.when[0]
    if type(first) is type(second) or (isinstance(first, _BORDERS) and isinstance(second, _BORDERS)):
        return False
    away = [where for fault in (first, second) if (where := takes_away(fault)) is not None]
    if not away:
        return True
    beside = second if takes_away(first) is not None else first
    return len(away) == 1 and not isinstance(beside, _IN_BOTH) and getattr(beside, "where", None) is not away[0]


def _paired(one: Drill, other: Drill) -> Drill:
    """Both faults, for as long as the longer one lasts; what it takes to finish is not known beforehand."""
    return Drill(
        name=f"{one.name}+{other.name}",
        guards=f"{one.guards}; {other.guards}",
        given=Load(jobs=24, per_second=2, steps=24, through=Through.NAME),
        # What is taken away comes back first: nothing can be undone in a Region that is not there.
        when=tuple(sorted((*one.when, *other.when), key=lambda fault: takes_away(fault) is not None)),
        until=Until.TIME,
        lasts_seconds=max(one.lasts_seconds, other.lasts_seconds, 50.0),
        then=(finished_within(240), accepted(1.0)),
        patience_seconds=300.0,
    )
