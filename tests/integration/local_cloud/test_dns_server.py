"""The DNS server over records deployed in a real emulator process, with endpoints that really answer or do not."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import dns.message
import dns.query
import dns.rcode
import httpx
import pytest
from botocore.config import Config

from localstack import control
from localstack.layout import CHECKOUT, GLOBAL
from localstack.resolver import Resolver, ResolvingTransport
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, leased_slot
from tests.integration.local_cloud.linked_tables import soon

ZONE = "antipode.test"


class Endpoints:
    """Two Regions' public endpoints: each answers with its name, or is switched off."""

    def __init__(self, emulators: Emulators) -> None:
        self._places = {place.name: place for place in emulators.layout.regions}
        self._servers: dict[str, ThreadingHTTPServer] = {}
        self.hosts: list[str] = []
        self.status = dict.fromkeys(self._places, 200)

    def open(self, region: str) -> None:
        endpoints = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoints.hosts.append(self.headers["Host"])
                body = region.encode()
                self.send_response(endpoints.status[region])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        place = self._places[region]
        server = ThreadingHTTPServer((place.address, place.port), Answer)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self._servers[region] = server

    def shut(self, region: str) -> None:
        server = self._servers.pop(region)
        server.shutdown()
        server.server_close()

    def shut_all(self) -> None:
        for region in list(self._servers):
            self.shut(region)


class Names:
    """The deployed zone, the DNS server over it, and what it answers."""

    def __init__(self, emulators: Emulators, folder: Path, endpoints: Endpoints) -> None:
        self.emulators = emulators
        self.endpoints = endpoints
        self.socket = control.socket_path(folder, "dns")
        make: Any = boto3.client
        self.route53 = make(
            "route53",
            region_name="us-east-1",
            endpoint_url=emulators.layout.global_.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                parameter_validation=False
            ),  # AWS checks every 10 s at most often; a test cannot wait so long
        )
        zone = self.route53.create_hosted_zone(Name=ZONE, CallerReference="test")
        self.zone_id = zone["HostedZone"]["Id"]
        layout = emulators.layout
        command = [sys.executable, "-m", "localstack.dns", "--socket", str(self.socket)]
        command += ["--address", layout.dns.address, "--port", str(layout.dns.port)]
        command += ["--route53-url", layout.global_.url]
        for place in layout.regions:
            command += ["--region", f"{place.name}={place.address}:{place.port}"]
        self._log = (folder / "dns.log").open("ab")
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=self._log, stderr=self._log)
        soon(self.socket.exists)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._log.close()

    def deploy(self, name: str, **check: Any) -> None:
        """Failover records for a name, each under a health check of its own that looks every second."""
        for region, role in ((FIRST, "PRIMARY"), (SECOND, "SECONDARY")):
            target = {"Value": f"{name}.execute-api.{region}.amazonaws.com"}
            self._upsert({"Name": f"{region}.{name}", "Type": "CNAME", "TTL": 60, "ResourceRecords": [target]})
            config = {
                "Type": "HTTP",
                "FullyQualifiedDomainName": f"{region}.{name}",
                "Port": 4566,
                "ResourcePath": "/v1/health",
                "RequestInterval": 1,
                "FailureThreshold": 2,
                **check,
            }
            made = self.route53.create_health_check(CallerReference=f"{region}.{name}", HealthCheckConfig=config)
            self._upsert(
                {
                    "Name": name,
                    "Type": "CNAME",
                    "TTL": 1,
                    "ResourceRecords": [target],
                    "SetIdentifier": region,
                    "Failover": role,
                    "HealthCheckId": made["HealthCheck"]["Id"],
                }
            )
        control.ask(self.socket, "read")

    def _upsert(self, record: dict[str, Any]) -> None:
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=self.zone_id, ChangeBatch=batch)

    def resolver(self) -> Resolver:
        return Resolver.of(self.emulators.layout)

    def region_behind(self, name: str) -> str:
        """The Region that a client without a memory is led to now."""
        address = self.resolver().resolve(name).address
        return next(place.name for place in self.emulators.layout.regions if place.address == address)

    def health(self, host: str) -> dict[str, Any]:
        checks = control.ask(self.socket, "status")["health_checks"].values()
        return next(dict(check) for check in checks if check["host"] == host)


@contextmanager
def served_names(folder: Path) -> Iterator[Names]:
    with leased_slot() as slot:
        emulators = Emulators(slot, folder, names=(GLOBAL,))
        endpoints = Endpoints(emulators)
        emulators.start()
        names = Names(emulators, folder, endpoints)
        try:
            yield names
        finally:
            names.close()
            endpoints.shut_all()
            emulators.stop()


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    with served_names(tmp_path_factory.mktemp("dns")) as names:
        yield names


@pytest.fixture(autouse=True)
def endpoints(names: Names) -> Iterator[Endpoints]:
    names.endpoints.status = dict.fromkeys((FIRST, SECOND), 200)
    for region in (FIRST, SECOND):
        names.endpoints.open(region)
    yield names.endpoints
    names.endpoints.shut_all()


def test_a_dead_primary_is_left_and_taken_again_when_it_answers(names: Names, endpoints: Endpoints) -> None:
    names.deploy("dead.antipode.test")
    assert names.region_behind("dead.antipode.test") == FIRST
    endpoints.shut(FIRST)
    soon(lambda: names.region_behind("dead.antipode.test"), lambda region: region == SECOND)
    assert "no connection" in names.health(f"{FIRST}.dead.antipode.test")["observations"][0]
    endpoints.open(FIRST)
    soon(lambda: names.region_behind("dead.antipode.test"), lambda region: region == FIRST)
    assert f"{FIRST}.dead.antipode.test:4566" in endpoints.hosts


def test_a_primary_that_answers_with_an_error_is_left(names: Names, endpoints: Endpoints) -> None:
    names.deploy("ill.antipode.test")
    endpoints.status[FIRST] = 503
    soon(lambda: names.region_behind("ill.antipode.test"), lambda region: region == SECOND)
    assert names.health(f"{FIRST}.ill.antipode.test")["observations"][0] == "status 503"


def test_a_disabled_check_counts_as_healthy_and_an_inverted_one_the_other_way_round(
    names: Names, endpoints: Endpoints
) -> None:
    endpoints.shut(FIRST)
    names.deploy("disabled.antipode.test", Disabled=True)
    names.deploy("inverted.antipode.test", Inverted=True)
    soon(lambda: names.region_behind("inverted.antipode.test"), lambda region: region == FIRST)
    soon(lambda: names.health(f"{SECOND}.inverted.antipode.test")["healthy"], lambda healthy: not healthy)
    assert names.region_behind("disabled.antipode.test") == FIRST


def test_a_client_follows_the_failover_name_as_fast_as_its_ttl_allows(names: Names, endpoints: Endpoints) -> None:
    names.deploy("followed.antipode.test")
    with httpx.Client(transport=ResolvingTransport(names.resolver())) as client:
        assert client.get("http://followed.antipode.test:4566/").text == FIRST
        endpoints.shut(FIRST)

        def region() -> str:
            try:
                return client.get("http://followed.antipode.test:4566/").text
            except httpx.TransportError as error:
                return str(error)

        soon(region, lambda found: found == SECOND)
    assert "followed.antipode.test:4566" in endpoints.hosts


def test_an_answer_is_kept_until_its_ttl_is_over_and_no_longer(names: Names) -> None:
    names.deploy("kept.antipode.test")
    now = 100.0
    layout = names.emulators.layout
    resolver = Resolver(layout.dns.address, layout.dns.port, clock=lambda: now)
    first = resolver.resolve("kept.antipode.test")
    now += 0.9
    assert resolver.resolve("kept.antipode.test") is first
    now += 0.2
    assert resolver.resolve("kept.antipode.test") is not first


def test_tcp_answers_like_udp_and_unknown_names_are_refused(names: Names) -> None:
    names.deploy("wire.antipode.test")
    layout = names.emulators.layout
    codes = []
    for ask in (dns.query.udp, dns.query.tcp):
        for name in ("wire.antipode.test", "nobody.antipode.test", "elsewhere.example"):
            reply = ask(dns.message.make_query(name, "A"), layout.dns.address, port=layout.dns.port, timeout=2)
            codes.append(dns.rcode.to_text(reply.rcode()))
    assert codes == ["NOERROR", "NXDOMAIN", "REFUSED"] * 2


def test_the_last_records_are_served_on_when_route_53_is_gone(tmp_path: Path) -> None:
    with served_names(tmp_path) as names:
        names.endpoints.open(FIRST)
        names.deploy("lasting.antipode.test")
        names.emulators.kill(GLOBAL)
        soon(lambda: control.ask(names.socket, "status")["error"])
        assert names.region_behind("lasting.antipode.test") == FIRST
