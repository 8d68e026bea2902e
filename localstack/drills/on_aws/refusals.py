"""Why a drill on AWS does not begin, or cannot go on: each with a code that stays, and what to do about it."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The codes. They are never renamed."""

    ACCOUNT_NOT_NAMED = "account_not_named"
    NO_SUCH_DRILL = "no_such_drill"
    NO_MEANS = "no_means"
    WRONG_REGION = "wrong_region"
    DRILL_UNDER_WAY = "drill_under_way"
    DEPLOY_UNDER_WAY = "deploy_under_way"
    WATCHDOG_SILENT = "watchdog_silent"
    ALARM_RAISED = "alarm_raised"
    REGION_UNWELL = "region_unwell"
    REPLICATION_BEHIND = "replication_behind"
    NOT_AS_EXPECTED = "not_as_expected"
    CHANGED_MEANWHILE = "changed_meanwhile"
    OUT_OF_TIME = "out_of_time"


#: What a person does about it.
ADVICE: dict[Code, str] = {
    Code.ACCOUNT_NOT_NAMED: "name it in `drills` of the configuration and deploy, if drills may be played there",
    Code.NO_SUCH_DRILL: "`antipode drill list` has those that there are",
    Code.NO_MEANS: "play it on the local cloud, or deploy what it needs (docs/operations/drill-on-aws.md)",
    Code.WRONG_REGION: "start it in the Region that the drill does not hit",
    Code.DRILL_UNDER_WAY: "wait for it, or end it: `antipode drill restore --target aws`",
    Code.DEPLOY_UNDER_WAY: "wait until it is over",
    Code.WATCHDOG_SILENT: "see why the watchdog's function fails: without it nothing would put back what a drill broke",
    Code.ALARM_RAISED: "see to the alarm first",
    Code.REGION_UNWELL: "`antipode regions` says more; see to it first",
    Code.REPLICATION_BEHIND: "wait until replication has caught up",
    Code.NOT_AS_EXPECTED: "deploy, so that the Region is as its templates say",
    Code.CHANGED_MEANWHILE: "somebody else changes things: find out who, then begin again",
    Code.OUT_OF_TIME: "raise the drills' limit_minutes",
}


class Refused(Exception):
    """The drill does not begin, or does not go on. Step Functions sees the name of this class."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code.value}: {why}. What to do: {ADVICE[code]}.")
        self.code = code


class NotYetRestored(Exception):
    """Something could not be put back, or may still be changed: to be tried again. One line."""
