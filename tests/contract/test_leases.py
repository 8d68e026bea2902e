"""Leases: one control table for both Regions, in which a write holds only over what its writer has seen."""

import asyncio

import pytest

from functions.application.lease_ports import LeasesUnavailable
from functions.domain.ownership.lease import Lease, Phase
from tests.contract.jobs import NOON
from tests.contract.worlds import EAST, WEST
from tests.contract.worlds_of_leases import Control

FIRST = Lease(EAST, EAST)


class TestLeases:
    def test_a_lease_that_nobody_has_made_is_none(self, control: Control) -> None:
        assert asyncio.run(control.leases.read(EAST)) is None

    @pytest.mark.parametrize("lease", [FIRST, FIRST.moved(WEST, Phase.TAKEN, NOON).with_catching_up()])
    def test_what_was_written_is_read_by_either_region(self, control: Control, lease: Lease) -> None:
        assert asyncio.run(control.leases.replace(lease, None))
        assert asyncio.run(control.elsewhere.read(EAST)) == lease
        assert asyncio.run(control.leases.read(WEST)) is None

    def test_of_two_that_make_a_lease_one_does(self, control: Control) -> None:
        assert asyncio.run(control.leases.replace(FIRST, None))
        assert not asyncio.run(control.elsewhere.replace(Lease(EAST, WEST, phase=Phase.TAKEN), None))
        assert asyncio.run(control.elsewhere.read(EAST)) == FIRST

    def test_a_write_over_what_is_there_no_more_does_nothing(self, control: Control) -> None:
        asyncio.run(control.leases.replace(FIRST, None))
        renewed, taken = FIRST.renewed(), FIRST.moved(WEST, Phase.TAKEN, NOON)
        assert asyncio.run(control.leases.replace(renewed, FIRST))
        assert not asyncio.run(control.elsewhere.replace(taken, FIRST))
        assert asyncio.run(control.elsewhere.replace(renewed.moved(WEST, Phase.TAKEN, NOON), renewed))
        assert not asyncio.run(control.leases.replace(renewed.renewed(), renewed))
        last = asyncio.run(control.leases.read(EAST))
        assert last is not None
        assert (last.holder, last.term) == (WEST, 2)

    def test_a_write_over_one_that_was_never_made_does_nothing(self, control: Control) -> None:
        assert not asyncio.run(control.leases.replace(FIRST.renewed(), FIRST))
        assert asyncio.run(control.leases.read(EAST)) is None

    def test_a_control_table_that_refuses_is_unavailable(self, control: Control) -> None:
        control.refuse()
        for call in (control.leases.read(EAST), control.leases.replace(FIRST, None)):
            with pytest.raises(LeasesUnavailable):
                asyncio.run(call)
