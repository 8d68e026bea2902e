"""How an emulator process starts and ends (localstack/emulator.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack.emulator import EXIT_BAD_START, emulator_command
from localstack.layout import CHECKOUT, GLOBAL, Layout
from tests.eventually import eventually
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, leased_slot
from tests.integration.emulator.test_function_processes import runs

STARTS_AN_EMULATOR = """
import signal, subprocess, sys
from pathlib import Path
from localstack.emulator import emulator_command
from localstack.layout import Layout

command, environment = emulator_command(Layout.detect(int(sys.argv[1]), checkout=Path(sys.argv[2])), "us-east-1")
started = subprocess.Popen(command, env=environment, start_new_session=True)
print(started.pid, flush=True)
signal.pause()
"""
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Emulators]:
    with leased_slot() as slot:
        emulators = Emulators(slot, tmp_path, names=(FIRST,))
        try:
            yield emulators
        finally:
            emulators.stop()


def refusal(command: list[str], environment: dict[str, str], *, code: int = EXIT_BAD_START) -> str:
    """The one line with which an emulator refuses to start."""
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == code
    (line,) = ended.stderr.splitlines()
    return line


def test_a_port_in_use_is_one_clear_line(lone: Emulators) -> None:
    lone.start()

    line = refusal(*emulator_command(lone.layout, FIRST))

    address = lone.layout.emulator(FIRST).address
    assert line == f"{address}:4566 cannot be used (Address already in use); is another local cloud running?"


def test_a_changed_emulator_is_one_clear_line(lone: Emulators) -> None:
    changed = """
import sys
from ministack.services import route53
route53._build_health_check_el = route53._build_vpc_el
from localstack.emulator import main
main(sys.argv[1:])
"""
    command, environment = emulator_command(lone.layout, FIRST)
    line = refusal([sys.executable, "-c", changed, *command[3:]], environment)

    assert line.startswith("the emulator cannot start: shim global_route53: ministack.services.route53.")
    assert "our shims were written for ministack 1.5.33" in line


def test_an_unknown_shim_is_one_clear_line(lone: Emulators) -> None:
    command, environment = emulator_command(lone.layout, FIRST)

    line = refusal([*command, "--without-shim", "nonsense"], environment)

    assert line == "the emulator cannot start: no shim is called ['nonsense']"


def test_a_parent_that_is_gone_is_one_clear_line(lone: Emulators) -> None:
    command, environment = emulator_command(lone.layout, FIRST)
    command[command.index("--parent") + 1] = "1"

    assert refusal(command, environment, code=1) == "process 1, which started this one, is gone"


@needs_proc
@pytest.mark.parametrize("frozen", [False, True])
def test_it_ends_with_the_process_that_started_it(tmp_path: Path, *, frozen: bool) -> None:
    with leased_slot() as slot:
        arguments = [sys.executable, "-c", STARTS_AN_EMULATOR, str(slot), str(tmp_path)]
        with subprocess.Popen(arguments, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            emulator = int(starter.stdout.readline())
            assert "serves" in starter.stdout.readline()
            if frozen:
                os.killpg(emulator, signal.SIGSTOP)

            starter.kill()

            eventually(lambda: not runs(emulator), within=5, what="the emulator ends")


@needs_proc
def test_it_stops_at_once_and_takes_its_functions_along(lone: Emulators) -> None:
    lone.start()
    lone.function("idle", "def handler(event, context):\n    import os\n    return os.getpid()")
    function, _ = lone.invoke("idle", {})
    process = lone.running[FIRST]
    assert runs(function)

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=2) == 0
    eventually(lambda: not runs(function), within=5, what="the function ends")


@needs_proc
def test_nothing_of_the_users_environment_reaches_it(lone: Emulators, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTP_PROXY", "PYTHONSTARTUP", "SERVICES"):
        monkeypatch.setenv(name, "of-the-user")
    command, environment = emulator_command(lone.layout, FIRST)

    assert "of-the-user" not in environment.values()
    assert set(environment) == {"PATH", "PYTHONPATH", "LANG"}
    assert command[:3] == [sys.executable, "-m", "localstack.emulator"]


def test_each_process_knows_the_others_and_who_plays_the_global_services(tmp_path: Path) -> None:
    layout = Layout.detect(3, (FIRST, SECOND), checkout=tmp_path, can_bind=lambda address: True)

    first = " ".join(emulator_command(layout, FIRST)[0])
    global_ = " ".join(emulator_command(layout, GLOBAL)[0])

    assert "--region us-east-1 --role region --address 127.0.31.1 --port 4566" in first
    assert "--sibling us-west-2=http://127.0.32.1:4566 --sibling global=http://127.0.33.1:4566" in first
    assert "--global-url http://127.0.33.1:4566 --model-url http://127.0.35.1:8080" in first
    assert "--region us-east-1 --role global --address 127.0.33.1 --port 4566" in global_
    assert "--sibling us-east-1=http://127.0.31.1:4566 --sibling us-west-2=http://127.0.32.1:4566" in global_
