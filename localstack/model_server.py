"""Run the model server: an OpenAI-compatible endpoint whose answers come from a script and from rules.

`python -m localstack.model_server --address 127.0.5.1 --port 8080` serves until it is stopped or until the process that
started it is gone. The emulator's Bedrock stands in front of it. `--upstream URL` puts a real model behind it; the key
for that is read from the environment variable ANTIPODE_MODEL_KEY.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from hypercorn.asyncio import serve
from hypercorn.config import Config
from pydantic import ValidationError

from localstack.model.answers import SCRIPT, ScriptedAnswer
from localstack.model.application import ModelServer
from localstack.model.faults import Behaviour
from localstack.model.upstream import Upstream

KEY_VARIABLE: Final = "ANTIPODE_MODEL_KEY"
EXIT_BAD_START: Final = 3
_BACKLOG = 512
_SECONDS_BETWEEN_LOOKS_AT_THE_PARENT = 0.2


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point."""
    options = _options(arguments)
    try:
        behaviour = Behaviour(latency_ms=options.latency_ms, seed=options.seed)
    except ValidationError as error:
        _refuse(f"the model server cannot start: {error.errors(include_url=False)[0]['msg']}")
    upstream = None
    if options.upstream:
        upstream = Upstream(options.upstream, options.upstream_model, os.environ.get(KEY_VARIABLE))
    server = ModelServer(behaviour, _read_script(options.script), upstream)
    asyncio.run(_serve(server, _listen(options.address, options.port), options.parent))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localstack.model_server", description="Run the model server.")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--latency-ms", default=0.0, type=float, help="how long each answer takes")
    parser.add_argument("--seed", default=0, type=int, help="decides which requests meet faults")
    parser.add_argument("--script", type=Path, help="a JSON file of scripted answers")
    parser.add_argument("--upstream", help="an OpenAI-compatible endpoint to ask in place of the rules")
    parser.add_argument("--upstream-model", help="the model's name there; else the name in the request")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process to end with")
    return parser.parse_args(arguments)


def _read_script(path: Path | None) -> tuple[ScriptedAnswer, ...]:
    if path is None:
        return ()
    try:
        return SCRIPT.validate_json(path.read_bytes())
    except OSError as error:
        _refuse(f"the script {path} cannot be read: {error.strerror}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        _refuse(f"the script {path} is wrong at {'.'.join(map(str, first['loc'])) or 'its start'}: {first['msg']}")


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
        listener.listen(_BACKLOG)  # from here on nobody is refused, though answers wait for the event loop
    except OSError as failure:
        _refuse(f"{address}:{port} cannot be used ({failure.strerror}); is another local cloud running?")
    return listener


def _refuse(line: str) -> NoReturn:
    print(line, file=sys.stderr, flush=True)
    raise SystemExit(EXIT_BAD_START)


async def _serve(server: ModelServer, listener: socket.socket, parent: int) -> None:
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.1
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watching = asyncio.create_task(_stop_with(parent, stop))
    host, port = listener.getsockname()
    print(f"model server: http://{host}:{port}", flush=True)
    await serve(server, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type] # hypercorn's own ASGI types
    watching.cancel()


async def _stop_with(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS_AT_THE_PARENT)
    stop.set()


if __name__ == "__main__":
    main()
