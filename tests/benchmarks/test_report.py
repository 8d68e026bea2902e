"""The verdicts and the exit code of `make bench`."""

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.report import Line, line_of, over


def test_the_median_is_judged_and_the_spread_is_shown() -> None:
    line = line_of("it", [1.0, 9.0, 1.2], "times", budget=1.3)
    assert (line.number, line.spread, line.verdict) == (1.2, "1.00 to 9.00, 3 rounds", "within")
    assert over([line, Line("this", 1.31, "times", budget=1.3), Line("that", 5.0)]) == [
        "this: 1.31 times, the budget is 1.3"
    ]


@pytest.mark.parametrize(("number", "code"), [(1.3, 0), (1.4, 1)])
def test_a_broken_budget_is_named_and_fails_the_run(
    number: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure = lambda: [Line("CPU", number, "times", budget=1.3)]  # noqa: E731
    monkeypatch.setattr(bench, "BENCHMARKS", {"cpu": ("CPU", measure, "")})
    assert bench.main([]) == code
    assert ("over budget: CPU: 1.40 times, the budget is 1.3" in capsys.readouterr().out) == bool(code)
