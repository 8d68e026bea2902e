"""An authoritative DNS server over the deployed Route 53 records: what Route 53's data plane does, on one machine.

`python -m localstack.dns --address 127.0.4.1 --port 10053 --socket PATH --route53-url URL --region NAME=ADDRESS:PORT`
reads the records and health checks from the process that plays Route 53 every second or two, probes the health checks,
and answers over UDP and TCP. If that process dies it goes on with what it read last, as the data plane does on AWS.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from dnslib import QTYPE, RCODE, RR, SOA, DNSHeader, DNSRecord

from localstack.control import OrderRefused, serving
from localstack.health_probe import HealthProbe
from localstack.lifeline import die_with
from localstack.naming.answers import Answers, Endpoint, Line
from localstack.naming.records import HealthCheck
from localstack.naming.route53 import DeployedRoute53, NotReadable

EXIT_BAD_START = 3
_READ_SECONDS = 1.5
_NEGATIVE_TTL_SECONDS = 5


class NameServer:
    def __init__(self, route53: DeployedRoute53, regions: Mapping[str, Endpoint]) -> None:
        self._route53 = route53
        self._probe = HealthProbe(self._endpoint_of_check)
        self._answers = Answers(regions, self._probe.is_healthy)
        self._shared_address = len({place.address for place in regions.values()}) < len(regions)
        self._read_at: float | None = None
        self._error = ""

    # -- what is deployed

    async def follow_deployment(self) -> None:
        while True:
            try:
                deployed = await asyncio.to_thread(self._route53.read)
            except NotReadable as error:
                self._error = str(error)
            else:
                self._error, self._read_at = "", time.monotonic()
                self._answers.deployed = deployed
                self._probe.watch(deployed)
            await asyncio.sleep(_READ_SECONDS)

    def _endpoint_of_check(self, check: HealthCheck) -> Endpoint | None:
        if check.address is not None:
            return Endpoint(check.address, check.port)
        found = self._answers.endpoint(check.host) if check.host else None
        if found is None or self._shared_address:
            return found  # Regions on one address differ by port, which no deployed check can know
        return Endpoint(found.address, check.port)

    async def carry_out(self, order: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        match order:
            case "status":
                return self._status()
            case "read":
                self._answers.deployed = await asyncio.to_thread(self._route53.read)
                self._probe.watch(self._answers.deployed)
                return self._status()
            case "locate":
                nearest = [str(name) for name in parameters["nearest"]]
                self._answers.nearest = nearest
                return {}
            case _:
                raise OrderRefused(f"the DNS server knows no order {order!r}")

    def _status(self) -> dict[str, Any]:
        deployed = self._answers.deployed
        return {
            "zones": list(deployed.zones),
            "records": sum(len(records) for records in deployed.records.values()),
            "seconds_since_read": None if self._read_at is None else round(time.monotonic() - self._read_at, 1),
            "error": self._error,
            "health_checks": self._probe.status(),
        }

    # -- wire format

    def reply(self, packet: bytes) -> bytes | None:
        try:
            request = DNSRecord.parse(packet)
        except Exception:  # noqa: BLE001 - dnslib raises many kinds; who sends no DNS gets no answer
            return None
        if request.header.qr or not request.questions:
            return None
        response = DNSRecord(DNSHeader(id=request.header.id, qr=1, aa=1, rd=request.header.rd), q=request.q)
        found = self._answers.answer(str(request.q.qname), QTYPE.get(request.q.qtype))
        if found.zone is None:
            response.header.aa, response.header.rcode = 0, RCODE.REFUSED
        elif not found.exists:
            response.header.rcode = RCODE.NXDOMAIN
        for line in found.lines:
            (response.add_ar if _is_additional(line, found.lines) else response.add_answer)(_record(line))
        if found.zone is not None and not found.lines:
            response.add_auth(RR(found.zone, QTYPE.SOA, ttl=_NEGATIVE_TTL_SECONDS, rdata=_authority(found.zone)))
        return bytes(response.pack())


def _is_additional(line: Line, lines: Sequence[Line]) -> bool:
    return line.type == "A" and lines[0].type == "SRV"


def _record(line: Line) -> RR:
    return RR.fromZone(f"{line.name} {line.ttl_seconds} IN {line.type} {line.value}")[0]


def _authority(zone: str) -> SOA:
    return SOA(f"ns.{zone}", f"hostmaster.{zone}", (1, 7_200, 900, 1_209_600, _NEGATIVE_TTL_SECONDS))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        reply = self._server.reply(data)
        if reply is not None:
            self._transport.sendto(reply, addr)


async def _serve_stream(server: NameServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            reply = server.reply(await reader.readexactly(length))
            if reply is None:
                break
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()
    writer.close()


async def serve(server: NameServer, address: str, port: int, socket: Path) -> None:
    """Answer until the process is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await loop.create_datagram_endpoint(lambda: _Datagrams(server), local_addr=(address, port))
        streams = await asyncio.start_server(
            lambda reader, writer: _serve_stream(server, reader, writer), address, port
        )
    except OSError as failure:
        print(f"{address}:{port} cannot be used for DNS ({failure.strerror or failure})", file=sys.stderr, flush=True)
        raise SystemExit(EXIT_BAD_START) from None
    async with serving(socket, server.carry_out):
        stopped, following = asyncio.create_task(stop.wait()), asyncio.create_task(server.follow_deployment())
        await asyncio.wait((stopped, following), return_when=asyncio.FIRST_COMPLETED)
    streams.close()
    if following.done():
        following.result()  # it never ends but by an error, which ends this process and shows in its log
    following.cancel()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m localstack.dns", description="Answer for the deployed zones.")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--socket", required=True, type=Path)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process to die with")
    parser.add_argument("--route53-url", required=True)
    parser.add_argument("--region", action="append", required=True, metavar="NAME=ADDRESS:PORT", help="nearest first")
    options = parser.parse_args(arguments)
    die_with(options.parent)
    regions: dict[str, Endpoint] = {}
    for pair in options.region:
        name, _, place = pair.partition("=")
        address, _, port = place.rpartition(":")
        regions[name] = Endpoint(address, int(port))
    server = NameServer(DeployedRoute53(options.route53_url), regions)
    asyncio.run(serve(server, options.address, options.port, options.socket))


if __name__ == "__main__":
    main()
