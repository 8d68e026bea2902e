"""The clock of a Region's functions, by order (shims/function_clock.py)."""

from __future__ import annotations

import time

from localstack.faults import Faults
from tests.integration.emulator.processes import FIRST, SECOND, Emulators
from tests.integration.emulator.shim_proof import needs_its_shim

TELLS_THE_TIME = """
    import time

    def handler(event, context):
        return [time.time(), time.time_ns() / 1e9]
"""


def ahead(emulators: Emulators, name: str, region: str) -> list[int]:
    """By how many seconds a function's clocks are ahead of ours."""
    return [round((moment - time.time()) / 10) * 10 for moment in emulators.invoke(name, region=region)[0]]


@needs_its_shim
def test_functions_of_one_region_go_by_another_clock_until_it_is_set_right(either: Emulators) -> None:
    faults = Faults(either.layout)
    for region, name in ((FIRST, "tells-skewed"), (SECOND, "tells-true")):
        either.function(name, TELLS_THE_TIME, region=region)
    try:
        faults.skew_clock(FIRST, 100.0)
        assert ahead(either, "tells-skewed", FIRST) == [100, 100]
        assert ahead(either, "tells-true", SECOND) == [0, 0]
    finally:
        faults.skew_clock(FIRST, 0.0)
    either.function("tells-again", TELLS_THE_TIME)
    assert ahead(either, "tells-again", FIRST) == [0, 0]
