"""The processes in which functions run (shims/function_processes.py)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.integration.emulator.processes import FIRST, SECOND, Emulators, leased_slot
from tests.integration.emulator.shim_proof import needs_its_shim, with_and_without

STAYS_BUSY = """
    import os, pathlib, time

    def handler(event, context):
        pathlib.Path(event["note"]).write_text(str(os.getpid()))
        while True:
            time.sleep(0.05)
"""
SHOWS_WHERE_IT_IS = """
    import os

    def handler(event, context):
        return {"environment": dict(os.environ), "code": os.path.realpath(__file__), "folder": os.getcwd()}
"""


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("without", with_and_without((), ("function_processes",)))
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="elsewhere they are killed by their process group")
def test_a_busy_function_dies_with_its_emulator(without: tuple[str, ...], tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with leased_slot() as slot:
        emulators = Emulators(slot, tmp_path, without=without, names=(FIRST,))
        busy = 0
        try:
            emulators.start()
            emulators.function("busy", STAYS_BUSY, Timeout=60)
            emulators.invoke("busy", {"note": str(note)}, InvocationType="Event")
            busy = int(
                eventually(lambda: note.read_text() if note.exists() else "", within=60, what="the function runs")
            )
            assert runs(busy)

            os.kill(emulators.running[FIRST].pid, signal.SIGKILL)  # the emulator alone, not its process group

            eventually(lambda: not runs(busy), within=5, what="the function ends")
        finally:
            if busy:
                with suppress(ProcessLookupError):
                    os.kill(busy, signal.SIGKILL)
            emulators.stop()


@needs_its_shim
def test_a_function_sees_nothing_of_the_emulators_environment(either: Emulators) -> None:
    variables = {"Variables": {"OWN": "value"}}
    either.function("looks-around", SHOWS_WHERE_IT_IS, region=SECOND, Environment=variables)

    seen = either.invoke("looks-around", {}, region=SECOND)[0]["environment"]

    assert seen["OWN"] == "value"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == SECOND
    assert seen["AWS_ENDPOINT_URL"] == either.layout.emulator(SECOND).url
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    known = {"OWN", "PATH", "LANG", "TZ", "HOME", "TMPDIR", "LC_CTYPE"}
    assert {name for name in seen if not name.startswith(("AWS_", "_", "LAMBDA_"))} <= known


@needs_its_shim
def test_all_processes_of_one_code_share_its_unpacked_files(either: Emulators) -> None:
    for name in ("shares-1", "shares-2"):
        either.function(name, SHOWS_WHERE_IT_IS)
    either.function("shares-not", SHOWS_WHERE_IT_IS + "\n    # other code")

    first, second, other = (either.invoke(name, {})[0] for name in ("shares-1", "shares-2", "shares-not"))

    assert first["code"] == second["code"] != other["code"]
    assert Path(first["code"]).parent == Path(first["folder"])
