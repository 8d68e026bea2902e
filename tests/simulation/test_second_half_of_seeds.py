"""Both Regions, simulated from further seeds: a file of its own, because processes share tests by the file."""

import pytest

from tests.simulation.seeds import SECOND_HALF, assert_promises_kept


@pytest.mark.parametrize("first", SECOND_HALF)
def test_no_promise_is_broken_whatever_goes_wrong(first: int) -> None:
    assert_promises_kept(first)
