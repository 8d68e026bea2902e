"""Nobody's request waits for all that another caller has asked (shims/fair_requests.py)."""

from __future__ import annotations

import asyncio
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from localstack.shims.fair_requests import NAMES_ITSELF, PROCESS, Rounds, caller_of
from tests.integration.emulator.processes import FIRST, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim

MANY = 200
#: Keys of twelve digits are root, as `test` is.
CROWD, OTHER = "test", "000000000000"
ASKS = (
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n{who}"
    "Content-Length: 2\r\n\r\n{{}}"
)
SIGNED = "Authorization: AWS4-HMAC-SHA256 Credential={key}/20261122/us-east-1/dynamodb/aws4_request\r\n"


@contextmanager
def connections(emulators: Emulators, number: int) -> Iterator[list[socket.socket]]:
    place = urlsplit(emulators.layout.emulator(FIRST).url)
    with ExitStack() as open_ones:
        yield [open_ones.enter_context(socket.create_connection((place.hostname, place.port))) for _ in range(number)]


def asked(key: str) -> bytes:
    return ASKS.format(who=SIGNED.format(key=key)).encode()


def place_of_the_last(asking: list[socket.socket]) -> int:
    """Return how many of these are answered before the last one is."""
    waiting = set(asking)
    for answered in range(len(asking)):
        ready, _, _ = select.select(list(waiting), [], [], 30)
        assert ready, f"{len(waiting)} are not answered"
        if asking[-1] in ready:
            return answered
        assert ready[0].recv(65536)
        waiting.discard(ready[0])
    raise AssertionError("it is answered among the others")


@needs_its_shim
def test_one_request_is_not_answered_behind_two_hundred_of_another_caller(either: Emulators) -> None:
    with connections(either, MANY + 1) as asking:
        for key, each in zip([CROWD] * MANY + [OTHER], asking, strict=True):
            each.sendall(asked(key))
        assert place_of_the_last(asking) < MANY / 2


def scope(*headers: tuple[bytes, bytes], client: tuple[str, int] = ("127.0.0.1", 1)) -> dict[str, Any]:
    return {"headers": list(headers), "client": client}


def test_who_asks_is_a_functions_process_or_whoever_has_a_key_or_a_connection() -> None:
    key = (b"authorization", SIGNED.format(key="ASIA1").partition(" ")[2].strip().encode())
    process = (PROCESS.lower().encode(), b"17")
    assert caller_of(scope(key, process)) == ("process", b"17"), "all processes of a function have one key"
    assert caller_of(scope(key)) == caller_of(scope(key, client=("127.0.0.1", 2))) == ("key", b"ASIA1")
    assert caller_of(scope()) != caller_of(scope(client=("127.0.0.1", 2)))
    assert caller_of({"headers": []}) == ("connection",)


def test_a_functions_process_says_its_number_with_each_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asks = f"import http.client\nhttp.client.HTTPConnection('127.0.0.1', {port}).request('POST', '/', b'x')\n"
        with subprocess.Popen([sys.executable, "-c", NAMES_ITSELF + asks]) as function:
            connection, _ = server.accept()
            with connection:
                assert f"{PROCESS}: {function.pid}\r\n".encode() in connection.recv(65536)


async def order_of(rounds: Rounds, callers: str, gone: int | None = None) -> str:
    """Let these ask at once, and return in which order they are taken up. `gone`: who asks no more."""
    taken: list[str] = []

    async def ask(caller: str) -> None:
        await rounds.turn((caller,))
        taken.append(caller)

    asking = [asyncio.create_task(ask(caller)) for caller in callers]
    if gone is not None:
        await asyncio.sleep(0)
        asking[gone].cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return "".join(taken)


def test_of_all_callers_that_wait_each_has_one_in_its_turn() -> None:
    assert asyncio.run(order_of(Rounds(), "aaaabbc")) == "abcabaa"


def test_whoever_asks_no_more_holds_up_nobody() -> None:
    assert sorted(asyncio.run(order_of(Rounds(), "aab", gone=0))) == ["a", "b"]


async def what_comes_meanwhile() -> list[str]:
    """While a crowd is taken up, another one asks after each of the crowd's: it is taken up as soon as it asks."""
    rounds, taken = Rounds(), []

    async def ask(caller: str) -> None:
        await rounds.turn((caller,))
        taken.append(caller)
        if caller == "crowd" and len(taken) == 3:
            late.append(asyncio.create_task(ask("late")))

    late: list[asyncio.Task[None]] = []
    await asyncio.gather(*(ask("crowd") for _ in range(20)))
    await asyncio.gather(*late)
    return taken


def test_who_comes_later_does_not_wait_for_those_who_came_before_it_in_number() -> None:
    assert asyncio.run(what_comes_meanwhile()).index("late") < 6
