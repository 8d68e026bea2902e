"""The supervisor owns every process: it notices each end, restarts what has no state, and takes all down with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localstack import control, leftovers
from localstack.layout import Layout
from localstack.supervised import Supervised
from localstack.surroundings import complaints
from tests.integration.emulator.processes import FIRST, SECOND, leased_slot
from tests.integration.local_cloud.linked_tables import soon
from tests.integration.local_cloud.traces import open_ports_of, processes_of


@contextmanager
def free_layout(folder: Path) -> Iterator[Layout]:
    with leased_slot() as slot:
        layout = Layout.detect(slot, (FIRST, SECOND), checkout=folder)
        layout.folder.mkdir(parents=True)
        yield layout
        leftovers.clear(layout.folder)


@contextmanager
def running(layout: Layout) -> Iterator[Supervised]:
    """All processes of a local cloud, with nothing deployed."""
    supervised = Supervised(layout.folder)
    supervised.start(layout, None)
    try:
        supervised.order("await")
        yield supervised
    finally:
        supervised.end()


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    with free_layout(tmp_path) as layout:
        yield layout


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Layout, Supervised]]:
    with free_layout(tmp_path_factory.mktemp("supervised")) as layout, running(layout) as supervised:
        yield layout, supervised


@pytest.fixture
def supervised(cloud: tuple[Layout, Supervised]) -> Iterator[Supervised]:
    """One cloud for all tests that leave it as they found it."""
    yield cloud[1]
    for region in (FIRST, SECOND):
        cloud[1].order("start", region=region)


def part(supervised: Supervised, name: str) -> dict[str, Any]:
    return dict(supervised.order("status")["parts"][name])


def is_frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_everything_runs_and_the_end_leaves_nothing(layout: Layout) -> None:
    with running(layout) as supervised:
        states = {name: entry["state"] for name, entry in supervised.order("status")["parts"].items()}
        assert states == dict.fromkeys((FIRST, SECOND, "global", "model", "dns", "link"), "running")
    assert processes_of(layout) == []
    assert open_ports_of(layout) == []
    leftovers.clear(layout.folder)
    assert not layout.folder.exists()


@pytest.mark.parametrize("name", ["link", "dns", "model"])
def test_a_servant_that_dies_is_started_again_and_its_death_is_told(supervised: Supervised, name: str) -> None:
    before = part(supervised, name)
    os.kill(before["pid"], signal.SIGKILL)
    after = soon(lambda: part(supervised, name), lambda entry: bool(entry["crashes"]) and entry["state"] == "running")
    assert after["pid"] != before["pid"]
    assert [crash["exit"] for crash in after["crashes"]] == [-signal.SIGKILL]


def test_an_emulator_that_dies_is_a_lost_region_until_it_is_started(cloud: tuple[Layout, Supervised]) -> None:
    layout, supervised = cloud
    os.kill(part(supervised, FIRST)["pid"], signal.SIGKILL)
    lost = soon(lambda: part(supervised, FIRST), lambda entry: entry["state"] == "lost")
    assert len(lost["crashes"]) == 1
    assert part(supervised, SECOND)["state"] == "running"
    assert supervised.order("start", region=FIRST) == {"state": "running", "was": "lost"}
    assert layout.emulator(FIRST).url.removeprefix("http://") in open_ports_of(layout)


def test_a_killed_region_goes_with_the_functions_that_run_in_it(supervised: Supervised) -> None:
    group = part(supervised, FIRST)["pid"]
    supervised.order("kill", region=FIRST)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    killed = part(supervised, FIRST)
    assert (killed["state"], killed["pid"]) == ("lost", None)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_frozen_region_is_the_same_process_when_it_goes_on(supervised: Supervised) -> None:
    pid = part(supervised, FIRST)["pid"]
    supervised.order("freeze", region=FIRST)
    soon(lambda: is_frozen(pid))
    with pytest.raises(control.OrderRefused, match="frozen"):
        supervised.order("freeze", region=FIRST)
    assert supervised.order("start", region=FIRST)["was"] == "frozen"
    soon(lambda: not is_frozen(pid))
    assert part(supervised, FIRST)["pid"] == pid


def test_an_unknown_region_is_refused_by_name(supervised: Supervised) -> None:
    with pytest.raises(control.OrderRefused, match=r"no Region is called 'eu-west-1'; there are us-east-1, us-west-2"):
        supervised.order("kill", region="eu-west-1")


def test_a_supervisor_that_is_killed_takes_all_down_and_its_traces_can_be_cleared(layout: Layout) -> None:
    with running(layout) as supervised:
        supervised.let_go()
        os.kill(supervised.order("status")["pid"], signal.SIGKILL)
    soon(lambda: open_ports_of(layout), lambda ports: ports == [])
    leftovers.clear(layout.folder)
    assert processes_of(layout) == []
    assert not layout.folder.exists()


def test_a_starter_that_dies_before_all_is_ready_takes_the_supervisor_along(layout: Layout) -> None:
    starter = (
        "import os, sys, pathlib\n"
        "from localstack.layout import Layout\n"
        "from localstack.supervised import Supervised\n"
        f"folder = pathlib.Path({str(layout.folder)!r})\n"
        f"Supervised(folder).start(Layout.from_json({layout.to_json()!r}), None)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", starter], check=False)
    soon(lambda: processes_of(layout), lambda lines: lines == [])
    assert open_ports_of(layout) == []


def test_a_port_in_use_is_named_in_one_line(layout: Layout) -> None:
    assert complaints(layout) == []
    for place, kind in ((layout.dns, socket.SOCK_DGRAM), (layout.regions[1], socket.SOCK_STREAM)):
        with socket.socket(socket.AF_INET, kind) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
            other.bind((place.address, place.port))
            if kind is socket.SOCK_STREAM:
                other.listen()
            place_in_words = f"{place.address}:{place.port} (for {place.name})"
            assert complaints(layout) == [f"{place_in_words} is in use: stop what uses it, or choose another --slot"]


def test_an_order_to_nobody_says_that_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(control.PartUnreachable, match="link does not answer"):
        control.ask(control.socket_path(tmp_path, "link"), "status")


def test_a_deep_folder_gets_a_socket_that_still_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("folder-of-a-long-name" * 6)
    path = control.socket_path(deep, "link")
    assert len(os.fsencode(path)) <= 100
    assert path == control.socket_path(deep, "link") != control.socket_path(deep, "dns")
