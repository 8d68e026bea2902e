"""Both Regions, simulated from seeds: whatever goes wrong on the way, at the end every promise has been kept.

More seeds: python -m tests.simulation --seeds 100000. One seed with its plan: python -m tests.simulation --seed 17.
"""

import pytest

from tests.simulation.seeds import FIRST_HALF, assert_promises_kept


@pytest.mark.parametrize("first", FIRST_HALF)
def test_no_promise_is_broken_whatever_goes_wrong(first: int) -> None:
    assert_promises_kept(first)
