"""The queues of the lanes' dead letters: every message gets on a list, that of its tenant or the operator's."""

import json
from typing import Any

import pytest

from functions.domain.dead_letter import DeadLetter
from functions.handlers.bury_messages import handle
from tests.event_files import event
from tests.unit.handlers.conftest import Process
from tests.unit.handlers.failed_jobs import JOB, put_failed_job


def buried(process: Process, body: str, group: str | None = "acme") -> DeadLetter:
    request: dict[str, Any] = event("advance_jobs")
    (record,) = request["Records"] = request["Records"][2:]
    record |= {"body": body, "eventSourceARN": f"{record['eventSourceARN']}-dead"}
    record["attributes"]["ApproximateReceiveCount"] = "6"
    if group is None:
        del record["attributes"]["MessageGroupId"]
    assert handle(request, None) == {"batchItemFailures": []}
    assert handle(request, None) == {"batchItemFailures": []}
    (letter,) = (each for each in process.table.dead.values() if each.type == "message")
    return letter


@pytest.mark.parametrize(("group", "tenant"), [("acme", "acme"), (None, "operator")])
def test_what_nobody_can_read_is_listed_with_all_that_its_queue_knows(
    process: Process, group: str | None, tenant: str
) -> None:
    letter = buried(process, "{", group)
    assert (letter.tenant, letter.code, letter.body, letter.receives) == (tenant, "message_unreadable", "{", 6)
    assert (letter.lane, letter.job_id, letter.agent) == ("standard", None, None)


def test_a_message_that_speaks_of_a_job_is_its_tenants_and_its_agents(process: Process) -> None:
    put_failed_job(process, tenant="other")
    letter = buried(process, json.dumps({"job_id": JOB, "epoch": 1, "reason": "due"}))
    assert (letter.tenant, letter.agent, letter.job_id, letter.code) == ("other", "probe", JOB, "message_undelivered")


def test_one_whose_job_is_not_here_is_listed_where_it_came_from(process: Process) -> None:
    letter = buried(process, json.dumps({"job_id": JOB, "epoch": 1, "reason": "due"}))
    assert (letter.tenant, letter.code, letter.detail) == (
        "acme",
        "message_undelivered",
        "no worker came to an end with it in 6 deliveries",
    )


def test_while_the_table_refuses_messages_come_again(process: Process) -> None:
    request = event("advance_jobs")
    process.table.refusing = True
    ids = [{"itemIdentifier": record["messageId"]} for record in request["Records"]]
    assert handle(request, None) == {"batchItemFailures": ids}
