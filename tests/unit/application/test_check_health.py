"""Health: it says ok only while this Region can read its state and see its lanes, and never asks the peer."""

from collections.abc import Callable

import pytest

from functions.application.check_health import CheckHealth
from functions.domain.errors import AntipodeError
from functions.domain.ownership.verdict import Heartbeat
from tests.simulation.virtual_time import in_virtual_time
from tests.unit.application.two_regions import EAST, Region, refuse_lanes, refuse_table, two_regions
from tests.unit.domain.job.writing import NOON


def check_health(region: Region) -> CheckHealth:
    return CheckHealth(register=region.register, lanes=region.lanes, region=region.name)


@in_virtual_time
async def test_a_region_is_well_while_it_reads_its_state_and_sees_its_lanes() -> None:
    east, west = two_regions()
    west.table.refusing = west.lanes.refusing = True
    lanes = ["critical", "standard", "batch"]
    assert await check_health(east).check() == {"status": "ok", "region": EAST, "heartbeat_at": None, "lanes": lanes}
    await east.register.beat(Heartbeat(EAST, NOON, 1))
    assert (await check_health(east).check())["heartbeat_at"] == NOON


@pytest.mark.parametrize(("refuse", "code"), [(refuse_table, "state_unavailable"), (refuse_lanes, "lane_unavailable")])
def test_a_region_is_unwell_with_503_when_either_refuses(refuse: Callable[[Region], None], code: str) -> None:
    @in_virtual_time
    async def program() -> None:
        east, _ = two_regions()
        refuse(east)
        with pytest.raises(AntipodeError) as caught:
            await check_health(east).check()
        assert (caught.value.code, caught.value.row.status) == (code, 503)

    program()
