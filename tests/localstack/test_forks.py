"""Processes of functions that are copies of one that has loaded everything: each is as if it were started by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from localstack.forks import ENDED, Forked, Forks
from localstack.shims.function_processes import die_with_starter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process is started by itself")

SHOWS_ITSELF = """
import json, os, sys
for line in sys.stdin:
    known = sorted({name.partition(".")[0] for name in sys.modules} & {"botocore", "functions", "marked", "stacks"})
    shown = {"pid": os.getpid(), "environment": dict(os.environ), "folder": os.getcwd(), "arguments": sys.argv}
    shown |= {"path": sys.path[0], "known": known, "asked": line.strip(), "name": __name__}
    print(json.dumps(shown), flush=True)
"""
WITHIN_SECONDS = 60.0


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    def start(command: list[str], **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(command, preexec_fn=die_with_starter, text=True, **options)

    with closing(Forks(sys.executable, start)) as forks:
        yield forks


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "shows.py").write_text(SHOWS_ITSELF)
    return tmp_path / "shows.py"


def ask(process: Forked, question: str = "") -> dict[str, Any]:
    process.stdin.write(question + "\n")
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def end(process: Forked) -> None:
    process.stdin.close()
    assert process.wait(WITHIN_SECONDS) == ENDED
    process.stdout.close()
    process.stderr.close()


def test_a_copy_has_the_environment_folder_and_pipes_it_was_ordered_with(forks: Forks, script: Path) -> None:
    environment = {"OWN": "value", "AWS_LAMBDA_FUNCTION_NAME": "one"}
    first = forks.start(str(script), environment, str(script.parent))
    second = forks.start(str(script), {"OTHER": "x"}, "/")
    try:
        shown = ask(first, "a question")
        assert (shown["environment"], shown["folder"]) == (environment, str(script.parent))
        assert (shown["arguments"], shown["path"], shown["name"]) == ([str(script)], str(script.parent), "__main__")
        assert (shown["pid"], shown["asked"]) == (first.pid, "a question")
        assert (ask(second)["environment"], ask(second)["folder"]) == ({"OTHER": "x"}, "/")
        assert first.pid != second.pid != os.getpid()
    finally:
        end(first)
        end(second)


def test_the_kernel_tells_the_environment_of_the_copy_itself(forks: Forks, script: Path) -> None:
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "one", "LONG": "y" * 5000}
    process = forks.start(str(script), environment, "/")
    try:
        ask(process)
        told = Path(f"/proc/{process.pid}/environ").read_bytes().rstrip(b"\0").split(b"\0")
        assert told == [f"{name}={value}".encode() for name, value in environment.items()]
    finally:
        end(process)


def test_what_is_in_a_bundle_is_loaded_from_it_and_never_an_agent(forks: Forks, script: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    for package in ("botocore", "functions", "functions/domain", "functions/agents"):
        (bundle / package).mkdir(parents=True)
        (bundle / package / "__init__.py").touch()
    (bundle / "functions" / "domain" / "broken.py").write_text("raise RuntimeError('the function says so itself')")
    (bundle / "functions" / "domain" / "moments.py").write_text("import marked")
    (bundle / "functions" / "agents" / "author.py").write_text("import stacks")
    for name in ("marked", "stacks"):
        (bundle / f"{name}.py").touch()
    plain, bundled = (forks.start(str(script), {}, str(folder)) for folder in (tmp_path, bundle))
    try:
        assert ask(plain)["known"] == ["botocore"]
        assert ask(bundled)["known"] == ["botocore", "functions", "marked"]
        assert ask(bundled)["path"] == str(script.parent)
    finally:
        end(plain)
        end(bundled)


def test_a_copy_can_be_killed_and_its_end_is_seen(forks: Forks, script: Path) -> None:
    process = forks.start(str(script), {}, "/")
    with process.stdin, process.stdout, process.stderr:
        ask(process)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.wait(WITHIN_SECONDS) == process.poll() == ENDED
        assert process.stdout.readline() == ""
        process.kill()
        process.terminate()


def test_what_a_copy_does_not_catch_ends_it_with_its_traceback(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("raise ValueError('of its own')")
    process = forks.start(str(tmp_path / "fails.py"), {}, "/")
    with process.stdin, process.stdout, process.stderr:
        assert process.stderr.read().rstrip().endswith("ValueError: of its own")
        assert process.wait(WITHIN_SECONDS) == ENDED


def test_the_process_that_is_copied_may_be_killed_and_is_started_again(forks: Forks, script: Path) -> None:
    first = forks.start(str(script), {}, "/")
    parent = int(Path(f"/proc/{first.pid}/stat").read_text().rpartition(")")[2].split()[1])
    with first.stdin, first.stdout, first.stderr:
        os.kill(parent, signal.SIGKILL)
        assert first.wait(WITHIN_SECONDS) == ENDED, "as a function's process dies with its emulator"
        with suppress(BrokenPipeError):
            first.stdin.close()
    second = forks.start(str(script), {}, "/")
    assert ask(second, "again")["asked"] == "again"
    end(second)
