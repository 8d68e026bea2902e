"""One small local cloud with our shims and one without, shared by all tests of this folder.

A test of a shim runs against both and must fail without: a shim that upstream made needless thereby fails its test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.emulator.processes import ALL_SHIMS, Emulators, leased_slot


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Two Regions and the global services, with all shims."""
    with leased_slot() as slot:
        yield from _running(Emulators(slot, tmp_path_factory.mktemp("cloud")))


@pytest.fixture(scope="package")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """The same processes as upstream made them."""
    with leased_slot() as slot:
        yield from _running(Emulators(slot, tmp_path_factory.mktemp("stock"), without=ALL_SHIMS))


def _running(emulators: Emulators) -> Iterator[Emulators]:
    try:
        emulators.start()
        yield emulators
    finally:
        emulators.stop()


@pytest.fixture
def either(request: pytest.FixtureRequest) -> Emulators:
    """The cloud with shims or the one without, as the test's `needs_its_shim` asks."""
    chosen: Emulators = request.getfixturevalue(request.param)
    return chosen
