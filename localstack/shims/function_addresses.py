"""Functions call from the address of their Region, so that a Region can be cut off from its peer alone.

On one machine all calls come from 127.0.0.1: nobody could tell a function of one Region from one of the other, or a
client from either (`border.py`). Here the process of a function binds each connection to its Region's address first.
Where all Regions share one address nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable

from localstack.shims.border import address_of
from localstack.shims.fair_requests import NAMES_ITSELF
from localstack.shims.function_clock import clock
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, wrap

_RUNTIME = Target("core.lambda_runtime", "_detect_runtime_binary", "222e200df2c093f8")

Detect = Callable[[str], tuple[str, str]]
_BEFORE = """
import socket as _antipode_socket

class _FromItsRegion(_antipode_socket.socket):
    def connect(self, address):
        self._bind_first(address)
        return super().connect(address)

    def connect_ex(self, address):
        self._bind_first(address)
        return super().connect_ex(address)

    def _bind_first(self, address):
        if self.family != _antipode_socket.AF_INET or not str(address[0]).startswith("127."):
            return
        if self.getsockname()[1] == 0:
            if hasattr(_antipode_socket, "IP_BIND_ADDRESS_NO_PORT"):
                self.setsockopt(_antipode_socket.IPPROTO_IP, _antipode_socket.IP_BIND_ADDRESS_NO_PORT, 1)
            self.bind(({address!r}, 0))

_antipode_socket.socket = _FromItsRegion
"""


def install(neighbourhood: Neighbourhood) -> None:
    address = address_of(neighbourhood.url)
    shared = {address_of(url) for url in neighbourhood.siblings.values()}
    before = "" if address in shared else _BEFORE.replace("{address!r}", repr(address))
    wrap(_RUNTIME, lambda detect: _beginning_with(detect, before))


def _beginning_with(detect: Detect, before: str) -> Detect:
    """Python functions begin with what binds their connections, sets their clock and names them. Others stay as is."""

    def found(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return binary, clock.before() + before + NAMES_ITSELF + script if runtime.startswith("python") else script

    return found
