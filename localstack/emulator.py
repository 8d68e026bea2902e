"""Run one emulator process: one Region of the local cloud, or the services that all Regions share.

`python -m localstack.emulator --region us-east-1 --address 127.0.1.1 --port 4566 --folder DIR` serves in the foreground
until it is stopped, and `emulator_command` says what the supervisor has to run. The emulator reads its settings from
its environment and hands that environment on to every function, so it gets a clean one: nothing of the user's shell, no
credentials, a home and a temporary folder of its own. Nothing is kept when it stops.

It dies with the process that started it (on Linux with the *thread* that started it: start it from the main thread).
It leads no process group of its own: start it in one (`start_new_session=True`) and signal the group, so that a Region
that is frozen or killed takes the functions that run in it along.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from localstack.bell import bell_beside
from localstack.layout import CHECKOUT, GLOBAL, Layout
from localstack.lifeline import die_with
from localstack.shims.neighbourhood import Neighbourhood, Role

GLOBAL_SERVICES_REGION = "us-east-1"  # where AWS keeps the control planes of IAM and Route 53
EXIT_BAD_START = 3
#: A collection of everything holds up all requests for most of a second when some thousand jobs are stored (889 ms
#: seen), and finds next to nothing: everything is gone through a hundred times as seldom as by default.
_COLLECTED_AFTER = (10_000, 10, 100)


def emulator_command(layout: Layout, name: str) -> tuple[list[str], dict[str, str]]:
    """The command line and the whole environment of the emulator of a Region, or of the global services."""
    place = layout.emulator(name)
    role = Role.GLOBAL if name == GLOBAL else Role.REGION
    command = [sys.executable, "-m", "localstack.emulator"]
    command += ["--region", GLOBAL_SERVICES_REGION if role is Role.GLOBAL else name, "--role", role.value]
    command += ["--address", place.address, "--port", str(place.port), "--folder", str(layout.folder / name)]
    for other in layout.emulators:
        if other != place:
            command += ["--sibling", f"{other.name}={other.url}"]
    command += ["--global-url", layout.global_.url, "--model-url", layout.model.url, "--parent", str(os.getpid())]
    return command, {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(CHECKOUT), "LANG": "C.UTF-8"}


def clean_environment(neighbourhood: Neighbourhood, folder: Path) -> dict[str, str]:
    """All that the emulator gets to see of an environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "AUTH": "true",
        "AWS_ENDPOINT_URL": neighbourhood.url,
        "GATEWAY_PORT": neighbourhood.url.rpartition(":")[2],
        "MINISTACK_HOST": neighbourhood.url.removeprefix("http://").partition(":")[0],  # in queue URLs
        "MINISTACK_REGION": neighbourhood.region,
        "MINISTACK_WORKER_THREADS": "256",  # a model call holds one for as long as the model takes
        "MINISTACK_BEDROCK_PROXY_URL": neighbourhood.model_url,
        "MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS": "120",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "INFO",
    }


def main(arguments: Sequence[str] | None = None) -> None:
    started = time.monotonic()
    options = _options(arguments)
    neighbourhood = Neighbourhood(
        region=options.region,
        role=Role(options.role),
        url=f"http://{options.address}:{options.port}",
        siblings=dict(options.sibling),
        global_url=options.global_url,
        model_url=options.model_url,
        bell=bell_beside(options.folder.resolve()),
    )
    die_with(options.parent)
    listener = _listen(options.address, options.port)
    for name in ("home", "tmp"):
        (options.folder / name).mkdir(parents=True, exist_ok=True)
    environment = clean_environment(neighbourhood, options.folder.resolve())
    os.environ.clear()
    os.environ.update(environment)

    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s [%(name)s] %(message)s"
    )
    # Loading frees nothing, and what is loaded stays: there is no garbage to look for in it, now or later.
    gc.disable()
    # Only now: the emulator reads its environment when it is imported.
    from localstack.shims import EmulatorChanged, function_processes, install

    try:
        application = install(neighbourhood, without=frozenset(options.without_shim))
    except EmulatorChanged as changed:
        _refuse(f"the emulator cannot start: {changed}")
    _allow_many_files()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*_COLLECTED_AFTER)
    asyncio.run(_serve(application, listener, f"{neighbourhood.role} {neighbourhood.region}", started))
    function_processes.kill_all()
    # The emulator's threads are daemons in the midst of sleeping; nothing is left to write.
    os._exit(0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localstack.emulator", description="Run one emulator process.")
    parser.add_argument("--region", required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--folder", required=True, type=Path, help="where this process may write")
    parser.add_argument("--role", choices=[role.value for role in Role], default=Role.REGION.value)
    parser.add_argument("--sibling", action="append", default=[], type=_named_url, metavar="NAME=URL")
    parser.add_argument("--global-url", default="", help="the process that plays the services all Regions share")
    parser.add_argument("--model-url", default="", help="an OpenAI-compatible endpoint behind Bedrock")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process to die with")
    parser.add_argument("--without-shim", action="append", default=[], metavar="NAME", help="for tests of the shims")
    return parser.parse_args(arguments)


def _named_url(text: str) -> tuple[str, str]:
    name, separator, url = text.partition("=")
    if not (name and separator and url.startswith("http")):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=URL")
    return name, url


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as failure:
        _refuse(f"{address}:{port} cannot be used ({failure.strerror}); is another local cloud running?")
    return listener


def _refuse(line: str) -> NoReturn:
    print(line, file=sys.stderr, flush=True)
    raise SystemExit(EXIT_BAD_START)


def _allow_many_files() -> None:
    """Every connection and every running function holds a few open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard) if hard > soft else (soft, hard))


async def _serve(application: Any, listener: socket.socket, label: str, started: float) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.1
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"emulator: {label} serves after {time.monotonic() - started:.2f} s", flush=True)
    await serve(application, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    main()
