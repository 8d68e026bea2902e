"""The mark that makes a test prove its shim: it passes with our shims and must fail without."""

from __future__ import annotations

import pytest

needs_its_shim = pytest.mark.parametrize(
    "either",
    ["cloud", pytest.param("stock", marks=pytest.mark.xfail(strict=True, reason="the emulator alone lacks this"))],
    indirect=True,
)
