"""The exact items that history is made of: what one version wrote, all later ones must read."""

import asyncio
from typing import Any

from functions.adapters.blocking_calls import BlockingCalls
from functions.adapters.dynamodb_history import DynamodbHistory
from functions.adapters.dynamodb_table import DynamodbTable
from functions.application.ports import Due
from functions.domain.job.events import JobAdopted, JobSubmitted, StepSucceeded
from functions.domain.job.history import Segment

JOB = "job_" + "a" * 32
NOON = "2026-11-21T12:00:00.000Z"


def item_of(segment: Segment, due: Due | None = None) -> dict[str, dict[str, str]]:
    written: list[dict[str, Any]] = []

    class Recording:
        def put_item(self, **request: Any) -> None:
            written.append(request)

    def make() -> Any:
        return Recording()

    table = DynamodbTable("antipode-prod", make, BlockingCalls("one", 1), lambda event, **fields: None)
    asyncio.run(DynamodbHistory(table).append(segment, due=due))
    assert written[0]["ConditionExpression"] == "attribute_not_exists(pk)"
    item: dict[str, dict[str, str]] = written[0]["Item"]
    return item


def test_history_is_read_strongly_so_that_what_was_just_appended_is_seen() -> None:
    asked: list[dict[str, Any]] = []

    class Recording:
        def get_item(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return {}

        def query(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return {"Items": []}

    def make() -> Any:
        return Recording()

    history = DynamodbHistory(DynamodbTable("t", make, BlockingCalls("one", 1), lambda event, **fields: None))
    asyncio.run(history.read(JOB))
    asyncio.run(history.read_opening(JOB, "us-west-2"))
    assert [request["ConsistentRead"] for request in asked] == [True, True]


def test_a_submission_is_written_with_its_due_time_and_its_place_in_the_listing() -> None:
    event = JobSubmitted(
        at=NOON, tenant="acme", agent="probe", agent_version="1", lane="batch", input={"steps": 3}, body_digest="d"
    )
    assert item_of(Segment(JOB, 1, "us-east-1", 1, (event,)), Due("2026-11-21T12:00:30.000Z", "batch")) == {
        "pk": {"S": f"JOB#{JOB}"},
        "sk": {"S": "E#000001.us-east-1#00000001"},
        "writer": {"S": "us-east-1"},
        "events": {
            "S": '[{"kind":"submitted","at":"2026-11-21T12:00:00.000Z","tenant":"acme","agent":"probe",'
            '"agent_version":"1","lane":"batch","input":{"steps":3},"body_digest":"d"}]'
        },
        "due_pk": {"S": "us-east-1#batch#1"},
        "due_sk": {"S": f"2026-11-21T12:00:30.000Z#{JOB}"},
        "list_pk": {"S": "acme"},
        "list_sk": {"S": f"{NOON}#{JOB}"},
    }


def test_an_adoption_is_due_for_its_own_region_and_not_listed() -> None:
    event = JobAdopted(at=NOON, from_epoch=1, from_region="us-east-1", from_sequence=4, reason="us-east-1 is lost")
    item = item_of(Segment(JOB, 2, "us-west-2", 5, (event,)), Due(NOON, "standard"))
    assert set(item) == {"pk", "sk", "writer", "events", "due_pk", "due_sk"}
    assert item["sk"] == {"S": "E#000002.us-west-2#00000000"}
    assert item["writer"] == {"S": "us-west-2"}
    assert item["due_pk"] == {"S": "us-west-2#standard#1"}


def test_a_step_is_in_no_index() -> None:
    event = StepSucceeded(at=NOON, step="s", step_kind="tool", arguments="a", result="ü")
    item = item_of(Segment(JOB, 1, "us-east-1", 2, (event, event)))
    assert set(item) == {"pk", "sk", "writer", "events"}
    assert "ü" in item["events"]["S"]
