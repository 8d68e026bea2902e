"""A deployed local cloud as the tests of this folder see it: its HTTP API, its tables and its workers' processes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from functions.application.authorize_request import hash_token
from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.faults import Faults
from localstack.layout import Place
from localstack.plain_http import plain_transport
from localstack.resolver import Resolver, ResolvingTransport
from localstack.workers import worker_processes
from tests.described import template_of, undescribed
from tests.eventually import eventually

ENVIRONMENT = "local"
TABLE = f"antipode-{ENVIRONMENT}"
PROBE = {"agent": "probe", "input": {"steps": 3, "milliseconds": 5}}


class Deployed:
    """Two Regions that are up. Every request goes to one Region's own address unless it says otherwise."""

    def __init__(self, cloud: LocalCloud, status: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.layout = cloud.layout
        self.faults = Faults(cloud.layout)
        self.first, self.second = (place.name for place in cloud.layout.regions)
        self.status = status
        self.token = str(status["token"])

    def place(self, region: str) -> Place:
        """Where a Region's emulator listens."""
        return self.layout.emulator(region)

    def admin(self, service: str, region: str) -> Any:
        """An AWS client with the emulator's root key."""
        return admin_client(service, region, self.place(region).url)

    def call(self, region: str, method: str, path: str, *, token: str | None = None, **request: Any) -> httpx.Response:
        """Call a Region's API. `token` replaces the operator's; "" sends none."""
        url = self.cloud.region_api_url(region) + path
        return self._send(method, url, token, plain_transport(), request)

    def call_by_name(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Call the failover name, as the deployed DNS records answer for it."""
        transport = ResolvingTransport(Resolver.of(self.layout))
        return self._send(method, str(self.status["api_url"]) + path, None, transport, request)

    def _send(
        self, method: str, url: str, token: str | None, transport: httpx.BaseTransport, request: dict[str, Any]
    ) -> httpx.Response:
        bearer = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **request.pop("headers", {})}
        with httpx.Client(transport=transport, timeout=30) as client:
            answer = client.request(method, url, headers=headers, **request)
        template = template_of(answer.request.url.path, method)
        if template is not None and answer.request.url.path.startswith("/v1/"):
            said = undescribed(method, template, answer.status_code, answer.headers["Content-Type"], answer.json())
            assert said is None, said
        return answer

    def submit(self, region: str, body: Mapping[str, Any] = PROBE, **headers: str) -> dict[str, Any]:
        """Submit a job that must be accepted."""
        answer = self.call(region, "POST", "/jobs", json=dict(body), headers=headers)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def job(self, region: str, job_id: str) -> dict[str, Any]:
        """What a Region says of a job, or of why it says nothing."""
        return dict(self.call(region, "GET", f"/jobs/{job_id}").json())

    def finished(self, region: str, job_id: str, within: float = 30) -> dict[str, Any]:
        """The job when it is finished, as that Region sees it."""
        return eventually(
            lambda: self.job(region, job_id),
            lambda job: job.get("status") in ("succeeded", "failed"),
            within=within,
            every=0.2,
            what=f"{job_id} is finished in {region}",
        )

    def events(self, region: str, job_id: str) -> list[dict[str, Any]]:
        """A job's history as one Region reads it."""
        answer = self.call(region, "GET", f"/jobs/{job_id}/events?limit=500")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["events"])

    def grant(self, tenant: str, *scopes: str, principal: str | None = None) -> str:
        """Make a bearer token, known in both Regions."""
        token = "ap_" + secrets.token_urlsafe(32)
        item = {
            "pk": {"S": f"TOKEN#{hash_token(token)}"},
            "sk": {"S": "TOKEN"},
            "writer": {"S": self.first},
            "tenant": {"S": tenant},
            "scopes": {"L": [{"S": scope} for scope in scopes]},
            **({} if principal is None else {"principal": {"S": principal}}),
        }
        for region in (self.first, self.second):
            self.admin("dynamodb", region).put_item(TableName=TABLE, Item=item)
        return token

    def items(self, region: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Every item about jobs in a Region's replica."""
        pages = self.admin("dynamodb", region).get_paginator("scan").paginate(TableName=TABLE)
        items = [item for page in pages for item in page["Items"]]
        return {(i["pk"]["S"], i["sk"]["S"]): i for i in items if i["pk"]["S"].startswith("JOB#")}

    def worker_processes(self, region: str, function: str) -> list[int]:
        """The processes in which a Region runs a function."""
        return worker_processes(self.place(region), function)

    def kill_workers(self, region: str) -> int:
        """kill -9 every process that runs jobs in a Region; say how many there were."""
        return self.faults.kill_workers(region)
