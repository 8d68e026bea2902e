"""The processes that make up a local cloud: how each is started, and how to tell that it is ready."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from localstack import control
from localstack.bell import bell_beside
from localstack.emulator import emulator_command
from localstack.layout import CHECKOUT, Layout, Place
from localstack.model_server import KEY_VARIABLE

LINK = "link"
DNS = "dns"
MODEL = "model"


class Kind(StrEnum):
    EMULATOR = "emulator"
    """Holds state: its end is the loss of a Region, and nobody starts it again unasked."""
    SERVANT = "servant"
    """Holds none: it is started again whenever it ends."""


@dataclass(frozen=True)
class Part:
    """One process. The command is worked out when it is started, in the process that starts it."""

    name: str
    kind: Kind
    command: Callable[[], tuple[list[str], dict[str, str]]]
    place: Place | None
    socket: Path | None = None

    def is_ready(self) -> bool:
        if self.socket is not None:
            return self._answers_orders()
        assert self.place is not None
        try:
            with socket.create_connection((self.place.address, self.place.port), timeout=0.5):
                return True
        except OSError:
            return False

    def _answers_orders(self) -> bool:
        assert self.socket is not None
        try:
            control.ask(self.socket, "status", timeout_seconds=2)
        except control.PartUnreachable:
            return False
        return True


def parts_of(layout: Layout, model_url: str | None = None) -> list[Part]:
    """All parts. The first is started alone: the templates need the zone that is made in it, and take longest."""
    places = (layout.global_, *layout.regions)
    emulators = [Part(place.name, Kind.EMULATOR, _emulator(layout, place.name), place) for place in places]
    link, dns = (control.socket_path(layout.folder, name) for name in (LINK, DNS))
    return [
        *emulators,
        Part(MODEL, Kind.SERVANT, lambda: _model(layout, model_url), layout.model),
        Part(DNS, Kind.SERVANT, lambda: _dns(layout, dns), layout.dns, dns),
        Part(LINK, Kind.SERVANT, lambda: _link(layout, link), None, link),
    ]


def _emulator(layout: Layout, name: str) -> Callable[[], tuple[list[str], dict[str, str]]]:
    return lambda: emulator_command(layout, name)


def _link(layout: Layout, path: Path) -> tuple[list[str], dict[str, str]]:
    command = _module("localstack.link", "--socket", path)
    for place in layout.regions:
        command += ["--region", f"{place.name}={place.url}"]
        command += ["--bell", f"{place.name}={bell_beside(layout.folder / place.name)}"]
    return command, _environment()


def _dns(layout: Layout, path: Path) -> tuple[list[str], dict[str, str]]:
    command = _module("localstack.dns", "--socket", path, "--route53-url", layout.global_.url)
    command += ["--address", layout.dns.address, "--port", str(layout.dns.port)]
    for place in layout.regions:
        command += ["--region", f"{place.name}={place.address}:{place.port}"]
    return command, _environment()


def _model(layout: Layout, model_url: str | None) -> tuple[list[str], dict[str, str]]:
    command = _module("localstack.model_server", "--address", layout.model.address, "--port", layout.model.port)
    environment = _environment()
    if model_url:
        command += ["--upstream", model_url]
        environment |= {KEY_VARIABLE: os.environ[KEY_VARIABLE]} if KEY_VARIABLE in os.environ else {}
    return command, environment


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", name, "--parent", str(os.getpid()), *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Nothing of the user's shell: no credentials, no proxy, no profile."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(CHECKOUT),
        "LANG": "C.UTF-8",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
