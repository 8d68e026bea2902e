"""The page on cost names the prices that are reckoned with."""

import re
from pathlib import Path

from tests.benchmarks.prices import PRICES

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


def test_every_price_is_on_the_page_with_its_source() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    missing = [
        name
        for name, price in PRICES.items()
        if not any(_amount(price.dollars) in row and price.source in row for row in rows)
    ]
    assert missing == []


def _amount(dollars: float) -> str:
    return re.sub(r"0+$", "", f"{dollars:.10f}") if dollars < 0.01 else f"{dollars:g}"
