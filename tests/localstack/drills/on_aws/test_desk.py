"""A drill's tasks on AWS: what is written down before, broken, put back, by whom, and whoever dies meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from localstack.drills.on_aws.aws_stories import AWS_DRILLS
from localstack.drills.on_aws.book import Phase
from localstack.drills.on_aws.changes import Change, Kind, Record
from localstack.drills.on_aws.deployed import Clients
from localstack.drills.on_aws.desk import CHANGE_SECONDS, GRACE_SECONDS, LATE_SECONDS, Desk
from localstack.drills.on_aws.preflight import Preflight
from localstack.drills.on_aws.refusals import Code, NotYetRestored, Refused
from tests.localstack.drills.on_aws.conftest import Stacks
from tests.localstack.drills.on_aws.installation import (
    ACCOUNT,
    FIRST,
    PREFIX,
    SECOND,
    Clock,
    Died,
    MortalClients,
    WellRegions,
    deployed,
    desk,
    seen_in,
)

pytestmark = pytest.mark.usefixtures("installed")

#: Those whose means moto has.
PLAYABLE = ["region-killed", "clients-cut-off", "lanes-closed"]
MINUTE = 60.0


def refusal(code: Code, task: Any) -> str:
    with pytest.raises(Refused) as refused:
        task()
    assert refused.value.code is code
    assert str(refused.value).startswith(f"{code.value}: ")
    return str(refused.value)


# -- the whole way


@pytest.mark.parametrize("drill", PLAYABLE)
def test_what_a_drill_breaks_is_exactly_as_before_when_it_is_over(clock: Clock, drill: str) -> None:
    before, peer = seen_in(FIRST), seen_in(SECOND)
    runner = desk(clock)
    runner.prepare(drill, "d-1")
    assert seen_in(FIRST) == before, "something was changed before it was written down"
    runner.break_("d-1", 0)
    assert seen_in(FIRST) != before
    assert seen_in(SECOND) == peer
    assert not runner.is_undone("d-1", 0)
    runner.undo("d-1", 0)
    assert runner.is_undone("d-1", 0)
    assert seen_in(FIRST) == before
    runner.finish("d-1")
    assert runner.finish("d-1") == [], "a second time there is nothing left to do"
    assert (seen_in(FIRST), seen_in(SECOND)) == (before, peer)
    assert desk(clock).book().current() is desk(clock).book(FIRST).current() is None


def test_a_region_that_is_killed_has_no_mapping_and_no_function_that_is_started(clock: Clock) -> None:
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    states = [
        row["State"]
        for row in Clients(deployed()).get("lambda", FIRST).list_event_source_mappings()["EventSourceMappings"]
    ]
    assert states == ["Disabled", "Disabled"]
    assert {seen_in(FIRST)[name] for name in deployed().functions} == {0}
    runner.finish("d-1")
    after = seen_in(FIRST)
    assert after[f"{PREFIX}-advance-jobs"] == 35
    assert after[f"{PREFIX}-submit-job"] is None
    assert sorted(value for value in after.values() if value in ("Enabled", "Disabled")) == ["Disabled", "Enabled"]


def test_a_closed_lane_is_denied_to_all_but_a_drills_own_roles(clock: Clock) -> None:
    runner = desk(clock)
    record = runner.prepare("lanes-closed", "d-1")
    runner.break_("d-1", 0)
    policy = seen_in(FIRST)[record.changes[-1].resource]
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Tls", "AntipodeDrill"]
    denial = policy["Statement"][1]
    assert (denial["Effect"], denial["Principal"]) == ("Deny", "*")
    assert "sqs:SetQueueAttributes" not in denial["Action"], "nobody could put it back"
    assert denial["Condition"] == {
        "ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/antipode-prod-drill-*"}
    }


# -- deaths


def play(runner: Desk, drill: str) -> None:
    """All that a drill's tasks do, in their order, without the load."""
    runner.prepare(drill, "d-1")
    for number in range(len(AWS_DRILLS[drill].when)):
        runner.break_("d-1", number)
        runner.undo("d-1", number)
    runner.finish("d-1")


@pytest.mark.parametrize(("drill", "every"), [("clients-cut-off", 2), ("region-killed", 9)])
def test_wherever_a_drill_dies_and_then_a_watchdog_everything_is_put_back(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, drill: str, every: int
) -> None:
    monkeypatch.setattr(Preflight, "check_both_regions", lambda _: None)  # it only looks
    before = seen_in(FIRST)
    counting = MortalClients(deployed())
    play(desk(clock, counting), drill)
    assert counting.calls > 20
    for last_call in range(1, counting.calls, every):
        with pytest.raises(Died):
            play(desk(clock, MortalClients(deployed(), dies_after=last_call)), drill)
        clock.at += deployed().limit_seconds + 1
        watchdog = MortalClients(deployed(), dies_after=2 + last_call % 5)
        try:
            desk(clock, watchdog).watch()
        except Died:
            clock.at += MINUTE
            desk(clock).watch()
        assert seen_in(FIRST) == before, f"after {last_call} calls"
        assert desk(clock).book().current() is None
        clock.at += GRACE_SECONDS + 1
        desk(clock, region=FIRST).watch()
        assert desk(clock).book(FIRST).current() is None, "the copy in the Region that was hit is left"
        desk(clock).watch()


def test_with_the_other_region_gone_the_watchdog_of_the_region_that_was_hit_puts_everything_back(clock: Clock) -> None:
    before = seen_in(FIRST)
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    clock.at += deployed().limit_seconds + 1
    assert desk(clock, region=FIRST).watch() == [], "the other watchdog comes first, if it is there"
    assert seen_in(FIRST) != before
    clock.at += GRACE_SECONDS
    assert len(desk(clock, region=FIRST).watch()) == 5
    assert seen_in(FIRST) == before


def test_the_watchdog_leaves_a_drill_alone_that_is_in_time(clock: Clock) -> None:
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    broken = seen_in(FIRST)
    clock.at += deployed().limit_seconds - 1
    assert desk(clock).watch() == []
    assert seen_in(FIRST) == broken


def test_a_change_that_comes_late_is_not_made_and_the_book_stays_open_while_one_may_be_on_its_way(clock: Clock) -> None:
    before = seen_in(FIRST)
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    dying = desk(clock, MortalClients(deployed(), dies_after=6))
    with pytest.raises(Died):
        dying.break_("d-1", 0)
    with pytest.raises(NotYetRestored, match="on its way"):
        runner.finish("d-1")
    assert seen_in(FIRST) == before
    refusal(Code.DRILL_UNDER_WAY, lambda: runner.break_("d-1", 0))
    refusal(Code.DRILL_UNDER_WAY, lambda: desk(clock).prepare("region-killed", "d-2"))
    clock.at += CHANGE_SECONDS + LATE_SECONDS + 1
    runner.finish("d-1")
    refusal(Code.DRILL_UNDER_WAY, lambda: runner.break_("d-1", 0))
    assert runner.book().current() is None


def test_nothing_is_changed_when_the_watchdog_is_about_to_put_everything_back(clock: Clock) -> None:
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    clock.at += deployed().limit_seconds - CHANGE_SECONDS
    refusal(Code.OUT_OF_TIME, lambda: runner.break_("d-1", 0))


def test_what_cannot_be_put_back_keeps_nothing_else_from_it_and_is_tried_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seen_in(FIRST)
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    concurrency: Any = runner.means[Kind.CONCURRENCY]
    with monkeypatch.context() as patched:

        def refuses(_self: object, change: Change, _drill_id: str) -> None:
            raise RuntimeError(f"throttled: {change.resource}")

        patched.setattr(type(concurrency), "put_back", refuses)
        with pytest.raises(NotYetRestored, match="throttled: antipode-prod-submit-job"):
            runner.finish("d-1")
    mappings = {key: value for key, value in seen_in(FIRST).items() if value in ("Enabled", "Disabled")}
    assert mappings.items() <= before.items()
    runner.finish("d-1")
    assert seen_in(FIRST) == before


def test_a_second_preparation_of_the_same_drill_leaves_the_record_where_it_is(clock: Clock) -> None:
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    refusal(Code.DRILL_UNDER_WAY, lambda: desk(clock).prepare("region-killed", "d-1"))
    entry = runner.book().current()
    assert entry is not None
    assert entry.phase is Phase.RECORDED


def test_without_the_record_nobody_could_put_it_back(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule switched off: changes that are made before they are written down."""
    before = seen_in(FIRST)
    runner = desk(clock)
    record = runner.prepare("region-killed", "d-1")
    runner.break_("d-1", 0)
    empty = Record(drill_id="d-1", drill="region-killed", hit=FIRST, faults=((),))
    monkeypatch.setattr(Record, "from_json", classmethod(lambda _cls, _text: empty))
    runner.finish("d-1")
    assert seen_in(FIRST) != before
    assert record.changes


# -- refusals


def test_a_drill_is_refused_in_an_account_that_is_not_named(clock: Clock) -> None:
    said = refusal(
        Code.ACCOUNT_NOT_NAMED, lambda: desk(clock, accounts=("210987654321",)).prepare("region-killed", "d")
    )
    assert said.startswith(f"account_not_named: account {ACCOUNT} is not named for drills. What to do: ")


def test_a_drill_is_refused_where_its_own_region_would_be_hit(clock: Clock) -> None:
    refusal(Code.WRONG_REGION, lambda: desk(clock, region=FIRST).prepare("region-killed", "d"))


def test_a_drill_that_nobody_knows_is_refused(clock: Clock) -> None:
    refusal(Code.NO_SUCH_DRILL, lambda: desk(clock).prepare("model-lying", "d"))


def test_a_drill_is_refused_while_the_watchdog_is_silent(clock: Clock) -> None:
    clock.at += 3 * MINUTE + 1
    refusal(Code.WATCHDOG_SILENT, lambda: desk(clock).prepare("region-killed", "d"))


def test_a_drill_is_refused_while_another_one_is_under_way_from_either_region(clock: Clock) -> None:
    desk(clock).prepare("region-killed", "d-1")
    assert "taken by d-1" in refusal(Code.DRILL_UNDER_WAY, lambda: desk(clock).prepare("clients-cut-off", "d-2"))
    entry = desk(clock).book().current()
    assert entry is not None
    assert entry.drill_id == "d-1"


def test_a_drill_is_refused_while_a_stack_is_being_deployed(clock: Clock, stacks: Stacks) -> None:
    runner = desk(clock)
    stacks.deploy(SECOND, "somebody-elses", "UPDATE_IN_PROGRESS")
    stacks.deploy(SECOND, f"{PREFIX}-us-west-2", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    refusal(Code.DEPLOY_UNDER_WAY, lambda: runner.prepare("region-killed", "d"))
    assert runner.book().current() is None, "a refused drill leaves the book"
    assert runner.book(FIRST).current() is None


def test_a_drill_is_refused_while_a_release_is_on_its_way(clock: Clock) -> None:
    client = Clients(deployed()).get("lambda", FIRST)
    client.update_function_configuration(FunctionName=f"{PREFIX}-submit-job", Description="two")
    version = client.publish_version(FunctionName=f"{PREFIX}-submit-job")["Version"]
    client.update_alias(
        FunctionName=f"{PREFIX}-submit-job", Name="live", RoutingConfig={"AdditionalVersionWeights": {version: 0.1}}
    )
    refusal(Code.DEPLOY_UNDER_WAY, lambda: desk(clock).prepare("region-killed", "d"))


def test_a_drill_is_refused_while_an_alarm_is_raised_and_ended_by_one_where_it_is_played_from(clock: Clock) -> None:
    def alarm(region: str, name: str, state: str) -> None:
        client = Clients(deployed()).get("cloudwatch", region)
        client.put_metric_alarm(
            AlarmName=name,
            MetricName="5XXError",
            Namespace="AWS/ApiGateway",
            Period=60,
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    alarm(FIRST, f"{PREFIX}-standard-late", "ALARM")
    refusal(Code.ALARM_RAISED, lambda: desk(clock).prepare("region-killed", "d"))
    alarm(FIRST, f"{PREFIX}-standard-late", "OK")
    runner = desk(clock)
    runner.prepare("region-killed", "d")
    alarm(FIRST, f"{PREFIX}-api-server-errors", "ALARM")
    alarm(SECOND, f"{PREFIX}-standard-late", "ALARM")
    assert not runner.guard("d"), "the Region that is hit may raise any alarm, the other one those of much work"
    alarm(SECOND, f"{PREFIX}-api-server-errors", "ALARM")
    refusal(Code.ALARM_RAISED, lambda: runner.guard("d"))
    runner.finish("d")
    assert runner.guard("d"), "it is over"


@pytest.mark.parametrize(
    ("regions", "code"),
    [
        (WellRegions(complaint="us-east-1 does not answer its health check"), Code.REGION_UNWELL),
        (WellRegions(alike=False), Code.REPLICATION_BEHIND),
    ],
)
def test_a_drill_is_refused_while_the_regions_are_not_well_or_not_alike(
    clock: Clock, regions: WellRegions, code: Code
) -> None:
    runner = desk(clock)
    object.__setattr__(runner.preflight, "seen", regions)
    refusal(code, lambda: runner.prepare("region-killed", "d"))
    assert runner.book().current() is None


def test_a_drill_is_refused_where_something_is_not_as_it_was_when_it_was_written_down(clock: Clock) -> None:
    runner = desk(clock)
    runner.prepare("region-killed", "d-1")
    client = Clients(deployed()).get("lambda", FIRST)
    client.put_function_concurrency(FunctionName=f"{PREFIX}-submit-job", ReservedConcurrentExecutions=7)
    refusal(Code.CHANGED_MEANWHILE, lambda: runner.break_("d-1", 0))


def test_replication_cannot_be_paused_where_no_experiments_are_deployed(clock: Clock) -> None:
    refusal(Code.NO_MEANS, lambda: desk(clock, experiments=False).prepare("replication-paused", "d"))
