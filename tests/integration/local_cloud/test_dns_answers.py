"""What Route 53's routing policies return, without a server: every case from its documentation that we deploy."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from localstack.health_probe import Checker
from localstack.naming.answers import Answers, Endpoint, Line
from localstack.naming.records import Deployed, RecordSet

EAST, WEST = "us-east-1", "us-west-2"
REGIONS = {EAST: Endpoint("127.0.1.1", 4566), WEST: Endpoint("127.0.2.1", 4567)}
NAME = "api.antipode.test."


def target(region: str) -> str:
    return f"d-abc.execute-api.{region}.amazonaws.com."


def answers(records: Iterable[RecordSet], sick: Iterable[str] = ()) -> Answers:
    ill = set(sick)
    found = Answers(REGIONS, lambda check: check not in ill, random.Random(5))
    grouped: dict[tuple[str, str], tuple[RecordSet, ...]] = {}
    for record in records:
        grouped[record.name, record.type] = (*grouped.get((record.name, record.type), ()), record)
    found.deployed = Deployed(zones=("antipode.test.",), records=grouped)
    return found


def share(of: str, **policy: object) -> RecordSet:
    record = RecordSet(NAME, "CNAME", 10, (target(of),), set_identifier=of, health_check_id=of)
    return replace(record, **policy)  # type: ignore[arg-type]


def failover() -> list[RecordSet]:
    return [share(WEST, failover="SECONDARY"), share(EAST, failover="PRIMARY")]


def address_of(found: Answers) -> str:
    return next(line.value for line in found.answer(NAME, "A").lines if line.type == "A")


@pytest.mark.parametrize(
    ("sick", "expected"),
    [((), EAST), ((EAST,), WEST), ((WEST,), EAST), ((EAST, WEST), EAST)],
    ids=["both healthy", "primary sick", "secondary sick", "both sick: the primary all the same"],
)
def test_failover_records_follow_health(sick: tuple[str, ...], expected: str) -> None:
    assert address_of(answers(failover(), sick)) == REGIONS[expected].address


@pytest.mark.parametrize(
    ("sick", "expected"),
    [((), WEST), ((WEST,), EAST), ((EAST, WEST), WEST)],
    ids=["near", "near is sick", "all are sick"],
)
def test_latency_records_answer_the_nearest_healthy_region(sick: tuple[str, ...], expected: str) -> None:
    found = answers([share(EAST, region=EAST), share(WEST, region=WEST)], sick)
    found.nearest = [WEST, EAST]
    assert address_of(found) == REGIONS[expected].address


def test_weighted_records_are_drawn_by_weight_among_the_healthy() -> None:
    records = [share(EAST, weight=90), share(WEST, weight=10)]
    drawn = Counter(address_of(found) for found in [answers(records)] for _ in range(2_000))
    assert 0.07 < drawn["127.0.2.1"] / 2_000 < 0.13
    assert {address_of(answers(records, [EAST])) for _ in range(50)} == {"127.0.2.1"}


def test_a_weight_of_zero_is_drawn_only_when_no_other_is_healthy() -> None:
    records = [share(EAST, weight=1), share(WEST, weight=0)]
    found = answers(records)
    assert {address_of(found) for _ in range(50)} == {"127.0.1.1"}
    assert address_of(answers(records, [EAST])) == "127.0.2.1"


def test_a_cname_lives_as_long_as_deployed_and_its_target_as_long_as_api_gateway_says() -> None:
    assert answers(failover()).answer("API.antipode.TEST", "A").lines == (
        Line(NAME, "CNAME", 10, target(EAST)),
        Line(target(EAST), "A", 60, "127.0.1.1"),
    )


def test_an_alias_answers_with_the_address_for_sixty_seconds() -> None:
    alias = RecordSet(f"{WEST}.{NAME}", "A", alias=target(WEST))
    assert answers([alias]).answer(alias.name, "A").lines == (Line(alias.name, "A", 60, "127.0.2.1"),)


def test_an_alias_that_evaluates_health_is_as_healthy_as_its_target() -> None:
    records = [
        RecordSet("inner.antipode.test.", "A", 5, ("127.0.1.1",), health_check_id=EAST),
        RecordSet(NAME, "A", alias="inner.antipode.test.", alias_evaluates_health=True, failover="PRIMARY"),
        RecordSet(NAME, "A", 5, ("127.0.2.1",), failover="SECONDARY"),
    ]
    assert address_of(answers(records)) == "127.0.1.1"
    assert address_of(answers(records, [EAST])) == "127.0.2.1"


def test_a_service_question_tells_the_port_under_a_name_of_that_one_region() -> None:
    found = answers(failover(), [EAST]).answer(f"_http._tcp.{NAME}", "SRV")
    assert found.lines == (
        Line(f"_http._tcp.{NAME}", "SRV", 10, f"0 0 4567 {target(WEST)}"),
        Line(target(WEST), "A", 10, "127.0.2.1"),
    )


def test_regions_that_share_an_address_are_told_apart_by_the_name_behind_an_alias() -> None:
    shared = {EAST: Endpoint("127.0.0.1", 4566), WEST: Endpoint("127.0.0.1", 4567)}
    alias = RecordSet(f"{WEST}.{NAME}", "A", alias=target(WEST))
    found = Answers(shared, lambda _: True)
    found.deployed = Deployed(zones=("antipode.test.",), records={(alias.name, "A"): (alias,)})
    assert found.endpoint(alias.name) == shared[WEST]
    service, _ = found.answer(f"_http._tcp.{alias.name}", "SRV").lines
    assert service.value == f"0 0 4567 {target(WEST)}"


def test_unknown_names_empty_types_and_foreign_zones_are_told_apart() -> None:
    found = answers(failover())
    unknown, empty, foreign = (
        found.answer("no.antipode.test", "A"),
        found.answer("antipode.test", "TXT"),
        found.answer("a.b", "A"),
    )
    assert (unknown.zone, unknown.exists) == ("antipode.test.", False)
    assert (empty.lines, empty.exists) == ((), True)
    assert foreign.zone is None


def test_a_chain_of_names_that_bites_its_tail_ends() -> None:
    records = [
        RecordSet("a.antipode.test.", "CNAME", 5, ("b.antipode.test",)),
        RecordSet("b.antipode.test.", "CNAME", 5, ("a.antipode.test",)),
    ]
    assert all(line.type == "CNAME" for line in answers(records).answer("a.antipode.test", "A").lines)


def test_a_checker_changes_its_mind_only_after_the_threshold_in_a_row() -> None:
    checker = Checker(threshold=3)
    seen = []
    for passed in (False, False, True, False, False, False, True, True, True):
        checker.note(passed, "")
        seen.append(checker.healthy)
    assert seen == [True, True, True, True, True, False, False, False, True]
