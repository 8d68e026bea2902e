"""The look at both replicas finds items with two writers and jobs on which the Regions differ."""

from __future__ import annotations

from typing import Any

from functions.domain.job.events import JobFailed, JobSubmitted, JobSucceeded, encode
from localstack.evidence.replicas import compare

FIRST, SECOND = "us-east-1", "us-west-2"
AT = "2026-01-01T00:00:00.000Z"
SUBMITTED = JobSubmitted(
    at=AT, tenant="t", agent="probe", agent_version="1", lane="standard", input={}, body_digest="d"
)


def item(sk: str, writer: str = FIRST, pk: str = "JOB#j", **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}, "writer": {"S": writer}, **attributes}


def segment(sequence: int, *events: Any, writer: str = FIRST) -> dict[str, Any]:
    return item(f"E#000001.{FIRST}#{sequence:08d}", writer, events={"S": encode(events)})


def replica(*items: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(one["pk"]["S"], one["sk"]["S"]): one for one in items}


def test_equal_replicas_agree() -> None:
    both = replica(segment(1, SUBMITTED), segment(2, JobSucceeded(at=AT, result=1)))
    found = compare(both, both)
    assert (found.jobs, found.two_writers, found.folds_differ) == (1, (), ())


def test_a_result_that_only_one_region_has_is_a_difference() -> None:
    short = replica(segment(1, SUBMITTED))
    long = replica(segment(1, SUBMITTED), segment(2, JobSucceeded(at=AT, result=1)))
    assert compare(short, long).folds_differ == ("j",)


def test_different_results_are_a_difference() -> None:
    one = replica(segment(1, SUBMITTED), segment(2, JobSucceeded(at=AT, result=1)))
    other = replica(segment(1, SUBMITTED), segment(2, JobFailed(at=AT, code="agent_raised", detail="")))
    assert compare(one, other).folds_differ == ("j",)


def test_an_item_written_by_a_region_that_its_key_does_not_name_has_two_writers() -> None:
    strange = replica(segment(1, SUBMITTED, writer=SECOND))
    assert compare(strange, strange).two_writers == (f"JOB#j|E#000001.{FIRST}#00000001",)


def test_an_item_whose_writer_differs_between_the_replicas_has_two_writers() -> None:
    one, other = (replica(item("TOKEN", writer, pk="TOKEN#x")) for writer in (FIRST, SECOND))
    assert compare(one, other).two_writers == ("TOKEN#x|TOKEN",)


def test_whatever_names_a_region_in_its_key_belongs_to_that_region() -> None:
    rows = [
        item(f"HEAD#{FIRST}", SECOND),
        item(f"SNAP#{FIRST}", SECOND),
        item(f"SNAP#{FIRST}#1#02", SECOND),
        item(f"IN#{FIRST}#signal#go#home/{SECOND}", SECOND),
        item(f"ASK#{FIRST}#map[0]/approval#2", SECOND),
        item(f"*#{FIRST}", SECOND, pk="SWITCH#tenant"),
        item("critical#0", SECOND, pk=f"SWEEP#{FIRST}"),
        item("PEER", SECOND, pk=f"REGION#{FIRST}"),
        item(f"STANDING#{FIRST}", SECOND, pk=f"REGION#{FIRST}"),
    ]
    assert len(compare(replica(*rows), replica(*rows)).two_writers) == len(rows)


def test_an_order_about_one_region_is_the_item_of_the_region_in_which_it_was_given() -> None:
    order = item(f"STANDING#{SECOND}", SECOND, pk=f"REGION#{FIRST}")
    assert compare(replica(order), replica(order)).two_writers == ()
