"""Webhooks in the deployed cloud: histories, streams, buses, queues and signed posts to a receiver on this machine."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.e2e.deployed import PROBE, Deployed
from tests.eventually import eventually

EVENTS = ["job.submitted", "job.started", "job.succeeded", "job.failed"]


@dataclass
class Receiver:
    """A receiver: what it got, and how often it refuses a job's success before it takes it."""

    url: str = ""
    refusals: int = 0
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def take(self, headers: dict[str, str], body: str) -> int:
        self.got.append((headers, body))
        self._seen[headers["webhook-id"]] += 1
        refused = '"type":"job.succeeded"' in body and self._seen[headers["webhook-id"]] <= self.refusals
        return 503 if refused else 204

    def bodies(self, secret: str) -> list[dict[str, Any]]:
        """What was received, each with its signature verified by the library."""
        return [Webhook(secret).verify(body, headers) for headers, body in list(self.got)]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in list(self.got)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = made.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def test_each_event_of_both_regions_jobs_arrives_once_and_signed(deployed: Deployed, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": EVENTS, "tags": {"told": "yes"}}
    made = deployed.call(deployed.first, "PUT", "/webhooks/all-events", json=body)
    assert made.status_code == 200, made.text
    assert made.json()["durability"] == "both"
    secret = made.json()["secret"]
    receiver.refusals = 2
    jobs = {
        region: deployed.submit(region, {**PROBE, "tags": {"told": "yes"}})["id"]
        for region in (deployed.first, deployed.second)
    }
    untold = deployed.submit(deployed.first, PROBE)["id"]
    wanted = {(job, name) for job in jobs.values() for name in ("job.submitted", "job.started", "job.succeeded")}

    def taken() -> Counter[tuple[str, str]]:
        return Counter((each["data"]["job_id"], each["type"]) for each in receiver.bodies(secret))

    # The ends are refused twice, so the third time the same id arrives it is taken, and not told again.
    expected = Counter({each: 3 if each[1] == "job.succeeded" else 1 for each in wanted})
    eventually(taken, lambda found: found == expected, within=120, every=0.2, what="all are told")
    assert len(set(receiver.ids())) == len(wanted)
    told = {each["data"]["id"]: each["data"] for each in receiver.bodies(secret)}
    for region, job in jobs.items():
        mine = sorted((each for each in told.values() if each["job_id"] == job), key=lambda each: each["sequence"])
        assert [each["event"] for each in mine] == ["job.submitted", "job.started", "job.succeeded"]
        assert {each["region"] for each in mine} == {region}
        assert [each["id"] for each in mine] == [f"{job}/1.{region}/{each['sequence']}" for each in mine]
        assert mine[-1]["result"] == deployed.finished(region, job)["result"]
    assert untold not in {each["job_id"] for each in told.values()}
    shown = deployed.call(deployed.first, "GET", "/webhooks/all-events").json()
    assert "secret" not in json.dumps(shown)
    assert {state["breaker"]["standing"] for state in shown["endpoint"]} <= {"closed", "open", "half-open"}


def test_a_callback_tells_of_a_jobs_end_alone(deployed: Deployed, receiver: Receiver) -> None:
    made = deployed.call(deployed.second, "POST", "/webhooks/callbacks/rotate")
    assert made.status_code == 200, made.text
    job = deployed.submit(deployed.second, {**PROBE, "callback_url": receiver.url})["id"]
    told = eventually(lambda: receiver.bodies(made.json()["secret"]), within=90, what="the job's end is told")
    assert [(each["type"], each["data"]["job_id"]) for each in told] == [("job.succeeded", job)]
