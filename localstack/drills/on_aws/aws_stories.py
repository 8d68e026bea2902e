"""The drills that can be played on AWS, and by which changes. The same stories as on the local cloud, other means.

On AWS nothing can be killed: a Region is lost to its clients and its peer when none of its functions is started any
more. What runs goes on until its end, the sentinel's loop for a minute; so a loss is noticed later than one by fire.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from localstack.drills.bounds import NOBODY_LOST, accepted, finished_within, within
from localstack.drills.faults import (
    FIRST,
    ClientsCutOff,
    InvocationsSpoilt,
    LanesClosed,
    Names,
    RegionFrozen,
    RegionKilled,
    ReplicationPaused,
)
from localstack.drills.on_aws.changes import Kind
from localstack.drills.stories import DRILLS
from localstack.drills.story import Drill, Load, Through, Until
from localstack.drills.target import CannotDrill
from localstack.drills.times import ACCEPTED_AGAIN, ADOPTION, DETECTION, FAILBACK, NAME_MOVED, RECOVERY

#: The sentinel's loop runs on for up to 62 s, then a heartbeat is missed for 20 s, and the probes fail.
DETECTED_SECONDS = 120.0
#: No wait of the engine is longer, so that all of a drill fits into the 15 minutes that a function may run.
PATIENCE_SECONDS = 180.0

LOAD = Load(jobs=36, per_second=2, in_flight=6)
#: The extension asks for faults once a minute (docs.aws.amazon.com, "Use the AWS FIS aws:lambda:function actions"), and
#: metrics come a minute late.
SPOILT_SECONDS = 170.0


def _spoilt(name: str, guards: str, how: Literal["failing", "late"]) -> Drill:
    """Jobs come at a pace at which some are submitted in each minute of it."""
    return Drill(
        name=name,
        guards=guards,
        given=Load(jobs=48, per_second=0.3, steps=3, milliseconds=200, in_flight=0, through=Through.FIRST),
        when=(InvocationsSpoilt(how),),
        then=(NOBODY_LOST, finished_within(300), accepted(1.0)),
        until=Until.TIME,
        lasts_seconds=SPOILT_SECONDS,
        patience_seconds=PATIENCE_SECONDS,
    )


AWS_DRILLS = {
    drill.name: drill
    for drill in (
        replace(
            DRILLS["region-killed"],
            given=replace(LOAD, slow_jobs=6, slow_seconds=60),
            then=(
                within(DETECTED_SECONDS, DETECTION),
                within(75, NAME_MOVED),
                within(90, ACCEPTED_AGAIN),
                within(150, ADOPTION),
                within(180, RECOVERY),
                within(90, FAILBACK),
                accepted(1.0),
            ),
            patience_seconds=PATIENCE_SECONDS,
        ),
        replace(DRILLS["clients-cut-off"], lasts_seconds=90, patience_seconds=PATIENCE_SECONDS),
        replace(DRILLS["replication-paused"], lasts_seconds=60, patience_seconds=PATIENCE_SECONDS),
        Drill(
            name="lanes-closed",
            guards="clients leave a Region whose lanes nobody can use, and its jobs go on when they can be used",
            given=replace(LOAD, through=Through.NAME),
            when=(LanesClosed(FIRST),),
            then=(within(75, NAME_MOVED), NOBODY_LOST, finished_within(240), accepted(1.0)),
            until=Until.TIME,
            lasts_seconds=90,
            patience_seconds=PATIENCE_SECONDS,
        ),
        _spoilt("workers-failing", "a message whose worker fails costs its job time and nothing else", "failing"),
        _spoilt("workers-late", "a worker that begins late holds up no job but those of its batch", "late"),
    )
}


def kinds_of(fault: object) -> tuple[Kind, ...]:
    """Return what is changed to bring a fault about, in order. Raises CannotDrill where AWS has no means for it."""
    match fault:
        case RegionKilled(again=False) | RegionFrozen():
            return (Kind.MAPPING, Kind.CONCURRENCY)
        case ClientsCutOff():
            return (Kind.HEALTH_CHECK,)
        case LanesClosed():
            return (Kind.QUEUE_POLICY,)
        case ReplicationPaused():
            return (Kind.EXPERIMENT,)
        case InvocationsSpoilt(how="failing"):
            return (Kind.ERRORS,)
        case InvocationsSpoilt(how="late"):
            return (Kind.DELAYS,)
        case _:
            raise CannotDrill(f"there are no means on AWS for {fault}")


def region_hit(drill: Drill, names: Names) -> str:
    """The Region that a drill hits. It is played from the other one."""
    return names[drill.hit]
