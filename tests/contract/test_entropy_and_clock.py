"""Entropy and Clock: what the real ones promise, held by the twins as well where there is one."""

import asyncio
import re

import pytest

from functions.adapters.memory import CountingEntropy
from functions.adapters.system_clock import SystemClock
from functions.adapters.system_entropy import SystemEntropy
from functions.application.ports import Clock, Entropy
from functions.domain.moments import to_datetime, to_moment


@pytest.mark.parametrize("entropy", [SystemEntropy(), CountingEntropy()], ids=["system", "counting"])
class TestEntropy:
    def test_tokens_have_43_url_safe_characters_and_differ(self, entropy: Entropy) -> None:
        tokens = [entropy.token() for _ in range(100)]
        assert len(set(tokens)) == 100
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)

    def test_fractions_lie_between_0_and_1(self, entropy: Entropy) -> None:
        assert all(0 <= entropy.fraction() < 1 for _ in range(100))


class TestClock:
    def test_now_is_a_moment(self) -> None:
        clock: Clock = SystemClock()
        now = clock.now()
        assert to_moment(to_datetime(now)) == now

    def test_time_never_runs_backwards(self) -> None:
        clock: Clock = SystemClock()
        before = clock.monotonic()
        asyncio.run(clock.sleep(0.001))
        assert clock.monotonic() >= before + 0.001

    def test_now_goes_on_from_one_second_to_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock: Clock = SystemClock()
        noon = 1_795_262_399_000_000_000
        times = iter([noon - 1, noon, noon + 7_999_999, noon + 999_999_999, noon + 1_000_000_000])
        monkeypatch.setattr("functions.adapters.system_clock.time.time_ns", lambda: next(times))
        assert [clock.now() for _ in range(5)] == [
            "2026-11-21T11:59:58.999Z",
            "2026-11-21T11:59:59.000Z",
            "2026-11-21T11:59:59.007Z",
            "2026-11-21T11:59:59.999Z",
            "2026-11-21T12:00:00.000Z",
        ]

    def test_what_is_to_be_called_later_is_called_then_unless_it_was_cancelled(self) -> None:
        clock: Clock = SystemClock()
        called: list[str] = []

        async def program() -> None:
            clock.call_later(0.002, lambda: called.append("kept"))
            clock.call_later(0.001, lambda: called.append("cancelled")).cancel()
            assert called == []
            await clock.sleep(0.02)

        asyncio.run(program())
        assert called == ["kept"]
