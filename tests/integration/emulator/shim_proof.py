"""The mark that makes a test prove its shim: it passes with our shims and must fail without.

What the emulator lacks by itself changes only with the emulator, whose version is pinned. So the proofs without shims,
most of them waits for what never comes, run for each version once: by themselves as long as the pinned version is not
the one in SEEN_TO_LACK, and whenever `make shims` asks for them. Run that after a change of a shim or of its test, too.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

import pytest

#: The version on which every test of a shim was seen to fail without its shim. Set it after `make shims` has passed.
SEEN_TO_LACK = "1.5.33"
WITHOUT_SHIMS = os.environ.get("WITHOUT_SHIMS") == "1" or version("ministack") != SEEN_TO_LACK


def with_and_without(shims: object, none: object) -> list[Any]:
    """Return the parameters of a test that is to pass with a shim and must fail without it."""
    fails = pytest.param(none, id="stock", marks=pytest.mark.xfail(strict=True, reason="the emulator alone lacks this"))
    return [pytest.param(shims, id="cloud"), *([fails] if WITHOUT_SHIMS else [])]


needs_its_shim = pytest.mark.parametrize("either", with_and_without("cloud", "stock"), indirect=True)
