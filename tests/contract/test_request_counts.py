"""How many requests a job costs, counted where they leave for AWS: each one is money and time in every job.

A 3-step job: the submit reads once, writes once here and once at the peer, looks once at the peer and sends once; the
worker reads once and writes once. Beside that each process asks once in five seconds for each tenant whether it is
paused, once in five seconds how the Region stands, and once in five seconds how the lanes flow, however many jobs there
are, and tells what it has counted of its lanes: one write for ten attempts, or one in twenty seconds where there are
fewer. Whoever raises a number here explains it in the budget (DESIGN section 8).
"""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions import bootstrap, surroundings
from functions.adapters.system_clock import SystemClock
from functions.application.count_flow import TELL_SECONDS
from functions.application.record_steps import GROUP_SECONDS
from functions.bootstrap import Runtime
from functions.domain.ids import job_id
from functions.domain.job.approvals import approval_id
from functions.domain.lane_flow import TOLD_AFTER_SECONDS
from functions.handlers import advance_jobs, decide_approval, get_job, signal_job, submit_job
from functions.settings import Settings
from tests.contract.worlds import EAST, LANES, WEST
from tests.event_files import event, request_event
from tests.mocked_aws import mocked_aws
from tests.state_table import create_state_table

_numbers = itertools.count(1)
JOB = job_id("acme", "order-7")
#: The one query for the tenant's switches, which all jobs of the next five seconds share.
SWITCHES = 1
#: The one query for how the Region stands, which all jobs of the next five seconds share.
STANDING = 1
#: The one query for the lanes' flow, which all submits of the next five seconds share.
FLOW = 1
#: What a process tells of all its jobs at the end of a batch, at most once in five seconds.
TOLD = {"state UpdateItem": 1}


class CountedClock(SystemClock):
    """Only the test lets seconds pass: every job here ends within one group commit, however busy the machine."""

    passed = 0.0

    def monotonic(self) -> float:
        """See Clock."""
        return self.passed

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await super().sleep(3600.0 if seconds == GROUP_SECONDS else seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """See Clock."""
        return super().call_later(3600.0 if seconds == GROUP_SECONDS else seconds, call)


class Account:
    """Both Regions' tables and the lanes in moto, and a count of what was sent to them."""

    def __init__(self, runtime: Runtime, clock: CountedClock) -> None:
        clients = runtime._clients
        self.requests: Counter[str] = Counter()
        for name, client in (("state", clients.state()), ("peer", clients.peer_state()), ("lanes", clients.lanes())):
            client.meta.events.register_first("before-send.*.*", self._counter(name))
        self.state = clients.state()
        for state in (clients.state(), clients.peer_state()):
            create_state_table(state, runtime.settings.table)
        self.table = runtime.settings.table
        self.lanes = clients.lanes()
        self.clock = clock
        self.urls = runtime.settings.lanes
        for url in self.urls.values():
            self.lanes.create_queue(QueueName=url.rpartition("/")[2])
        self.requests.clear()

    def _counter(self, name: str) -> Any:
        def count(event_name: str, **_: object) -> None:
            self.requests[f"{name} {event_name.rpartition('.')[2]}"] += 1

        return count

    def taken(self) -> dict[str, int]:
        """Return what was sent since the last call."""
        taken = dict(self.requests)
        self.requests.clear()
        return taken


class Context:
    """A function with two minutes left."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    number = next(_numbers)
    with mocked_aws():
        urls = {lane: f"https://sqs.{EAST}.amazonaws.com/123456789012/counted-{number}-{lane}" for lane in LANES}
        environment = {
            "ANTIPODE_ENVIRONMENT": "test",
            "ANTIPODE_REGION": EAST,
            "ANTIPODE_PEER_REGION": WEST,
            "ANTIPODE_TABLE": f"counted-{number}",
            "ANTIPODE_LANES": json.dumps(urls),
            "ANTIPODE_WAIT_BOUNDS": json.dumps(dict.fromkeys(LANES, 60)),
            "ANTIPODE_PAYLOADS": "payloads",
            "ANTIPODE_PEER_PAYLOADS": "payloads-of-the-peer",
            "ANTIPODE_PEER_HEALTH_URL": "http://peer.invalid/",
            "ANTIPODE_MODEL_ID": "a-model",
            "ANTIPODE_TENANT_KEY_PREFIX": "t-",
            "ANTIPODE_HEARTBEAT_SECONDS": "5",
            "ANTIPODE_PEER_STALE_SECONDS": "20",
            "ANTIPODE_STALL_SECONDS": "30",
            "ANTIPODE_LOOP_SECONDS": "62",
            "ANTIPODE_ADOPTION": "on",
            "ANTIPODE_ADOPTION_PER_SECOND": "400",
            "ANTIPODE_BROADCAST": "on",
            "ANTIPODE_BUS": "bus",
            "ANTIPODE_DELIVERIES": "deliveries",
            "ANTIPODE_WEBHOOK_LOOPBACK": "off",
            "ANTIPODE_WEBHOOK_RETRY_SECONDS": "5",
        }
        runtime = Runtime(Settings.load(environment))
        runtime.clock = clock = CountedClock()
        made = Account(runtime, clock)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(bootstrap, "Runtime", lambda settings: runtime)
        monkeypatch.setattr(surroundings, "PEER_LIMIT_SECONDS", 60.0)  # a peer that seems slow costs a head
        bootstrap.runtime.cache_clear()
        yield made
        bootstrap.runtime.cache_clear()


def run_what_waits(account: Account, lane: str) -> None:
    """Hand the waiting messages to the worker, as a mapping does."""
    page = account.lanes.receive_message(
        QueueUrl=account.urls[lane], MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    )
    records = [
        {"messageId": message["MessageId"], "body": message["Body"], "attributes": message["Attributes"]}
        for message in page["Messages"]
    ]
    account.requests.clear()
    assert advance_jobs.handle({"Records": records}, Context()) == {"batchItemFailures": []}


def test_a_job_of_three_steps_costs_five_requests_to_submit_and_two_to_run(account: Account) -> None:
    accepted = submit_job.handle(event("submit_job"), None)
    assert accepted["statusCode"] == 202
    assert json.loads(accepted["body"])["durability"] == "both"
    assert account.taken() == {
        "state Query": 1 + FLOW,
        "state PutItem": 1,
        "peer PutItem": 1,
        "peer GetItem": 1,
        "lanes SendMessageBatch": 1,
    }
    run_what_waits(account, "batch")
    assert account.taken() == {"state Query": 1 + SWITCHES + STANDING, "state PutItem": 1, **TOLD}
    shown = get_job.handle({**event("get_job"), "pathParameters": {"id": JOB}}, None)
    assert json.loads(shown["body"])["status"] == "succeeded"
    assert account.taken() == {"state Query": 1}


def test_ten_jobs_in_one_batch_cost_no_more_than_two_requests_each(account: Account) -> None:
    for number in range(10):
        request = event("submit_job")
        request["headers"]["Idempotency-Key"] = f"order-{number}"
        assert submit_job.handle(request, None)["statusCode"] == 202
    run_what_waits(account, "batch")
    assert account.taken() == {"state Query": 10 + SWITCHES + STANDING, "state PutItem": 10, **TOLD}


def run_one_job(account: Account, number: int) -> int:
    """Submit and run one job; return how many writes told of the lanes' flow after it."""
    request = event("submit_job")
    request["headers"]["Idempotency-Key"] = f"order-{number}"
    assert submit_job.handle(request, None)["statusCode"] == 202
    run_what_waits(account, "batch")
    return account.taken().get("state UpdateItem", 0)


def test_jobs_one_after_the_other_are_told_of_once_in_ten_or_in_twenty_seconds(account: Account) -> None:
    assert [run_one_job(account, number) for number in range(12)] == [1] + [0] * 11
    account.clock.passed += TELL_SECONDS  # eleven are worth a write by now, the twelfth with them
    assert [run_one_job(account, number) for number in range(12, 14)] == [1, 0]
    account.clock.passed += TELL_SECONDS
    assert run_one_job(account, 14) == 0, "two are not worth a write of their own"
    account.clock.passed += TOLD_AFTER_SECONDS - TELL_SECONDS
    assert run_one_job(account, 15) == 1, "what is twenty seconds old is told, however little"


def test_a_job_with_three_steps_leaves_two_items_both_written_by_its_own_region(account: Account) -> None:
    submit_job.handle(event("submit_job"), None)
    run_what_waits(account, "batch")
    found = account.state.scan(TableName=account.table)["Items"]
    items = [item for item in found if item["pk"]["S"].startswith("JOB#")]
    assert sorted(item["sk"]["S"] for item in items) == [f"E#000001.{EAST}#00000001", f"E#000001.{EAST}#00000002"]
    assert {item["writer"]["S"] for item in items} == {EAST}


def test_a_signal_costs_a_read_two_writes_and_a_hint_and_a_decision_one_more_read(account: Account) -> None:
    asked = {"steps": 0, "milliseconds": 0, "signal": "go", "approval_group": "legal"}
    body = {"agent": "probe", "input": asked, "lane": "batch"}
    job = json.loads(submit_job.handle(request_event("POST", "/v1/jobs", body=body), None)["body"])["id"]
    each = {"state Query": 1, "state PutItem": 1, "peer PutItem": 1, "lanes SendMessageBatch": 1}
    run_what_waits(account, "batch")
    account.taken()
    signal = request_event("POST", "/v1/jobs/{id}/signals/{name}", {"id": job, "name": "go"}, body=1)
    assert signal_job.handle(signal, None)["statusCode"] == 202
    assert account.taken() == each
    run_what_waits(account, "batch")
    account.taken()
    decision = request_event(
        "POST", "/v1/approvals/{id}", {"id": approval_id(job, "approval")}, body={"approved": True}
    )
    assert decide_approval.handle(decision, None)["statusCode"] == 202
    assert account.taken() == {**each, "peer Query": 1}  # whether the peer has taken the job over
