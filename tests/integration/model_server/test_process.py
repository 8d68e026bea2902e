"""The model server as a process: how it starts, refuses to start, and ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.eventually import eventually
from tests.integration.model_server.servers import ask, chat, command, environment, launch, serving, url_of


def refuses_connections(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_it_says_where_it_serves_and_then_answers() -> None:
    with serving() as url:
        assert ask(f"{url}/health") == {"status": "ok"}


def test_a_script_is_read_at_the_start(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"contains": "ping", "answers": ["pong"]}]), "utf-8")
    with serving("--script", str(script)) as url:
        answer = ask(f"{url}/v1/chat/completions", chat("ping"))
    assert answer["choices"][0]["message"]["content"] == "pong"


def test_it_stops_when_told_even_while_requests_hang() -> None:
    with launch() as process, ThreadPoolExecutor() as pool:
        url = url_of(process)
        ask(f"{url}/control", {"hang_rate": 1})
        hanging = pool.submit(ask, f"{url}/v1/chat/completions", chat("x"))
        eventually(lambda: ask(f"{url}/control")["counts"].get("hang"), what="the request hangs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        assert hanging.exception(timeout=5) is not None
    assert refuses_connections(url)


def test_it_ends_with_the_process_that_started_it() -> None:
    starter = (
        "import subprocess, sys, time\n"
        f"server = subprocess.Popen({command()!r}, stdout=subprocess.PIPE, text=True)\n"
        "print(server.stdout.readline(), end='', flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        url = url_of(parent)
        assert ask(f"{url}/health") == {"status": "ok"}
        parent.kill()
        eventually(lambda: refuses_connections(url), what="the orphaned server is gone")


def test_a_port_in_use_is_one_clear_line() -> None:
    with serving() as url:
        port = int(url.rpartition(":")[2])
        second = subprocess.run(command(port=port), env=environment(), capture_output=True, text=True, timeout=20)
    assert second.returncode == 3
    assert (
        second.stderr == f"127.0.0.1:{port} cannot be used (Address already in use); is another local cloud running?\n"
    )


def test_a_wrong_script_is_one_clear_line(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"contains": "x"}]', "utf-8")
    done = subprocess.run(
        command("--script", str(script)), env=environment(), capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 3
    assert done.stderr == f"the script {script} is wrong at 0.answers: Field required\n"


def test_requests_wait_side_by_side() -> None:
    with serving("--latency-ms", "500") as url, ThreadPoolExecutor(50) as pool:
        begun = time.monotonic()
        answers = list(pool.map(lambda n: ask(f"{url}/v1/chat/completions", chat(f"request {n}")), range(50)))
        seconds = time.monotonic() - begun
    assert len(answers) == 50
    assert 0.5 <= seconds < 50 * 0.5 / 3, f"50 requests of half a second each took {seconds:.1f} s"
