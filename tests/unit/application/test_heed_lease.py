"""What workers and sweepers know of the leases: few reads, none relied upon for too long, none for a plain job."""

import asyncio
from dataclasses import replace

import pytest

from functions.adapters.memory_schedules import MemoryRounds
from functions.application.heed_lease import REFRESH_SECONDS
from functions.application.keep_sweeping import KeepSweeping
from functions.application.lease_ports import RegionFenced
from functions.application.ports import StateUnavailable
from functions.application.stand_in import SWEEPER, Signs
from functions.domain.ownership.lease import LEASE_SECONDS, MARGIN, Lease, Phase
from tests.simulation.virtual_time import in_virtual_time, pass_time
from tests.unit.application.agents import Effects
from tests.unit.application.leased_regions import Control, heed
from tests.unit.application.two_regions import EAST, JOB, WEST, Log, replicate, submitted, two_regions
from tests.unit.domain.job.writing import NOON

HELD = {EAST: Lease(EAST, EAST), WEST: Lease(WEST, WEST)}
RELIED_UPON = LEASE_SECONDS * (1 - MARGIN)


@in_virtual_time
async def test_a_process_reads_its_lease_once_in_a_few_seconds_however_many_jobs_ask() -> None:
    control = Control(dict(HELD))
    knows = heed(control)
    for _ in range(10):
        assert all(await asyncio.gather(*(knows.may_start_steps() for _ in range(20))))
        await pass_time(REFRESH_SECONDS / 2)
    assert control.reads <= 6


@in_virtual_time
async def test_nobody_waits_for_a_slow_control_table_while_what_is_known_still_counts() -> None:
    control = Control(dict(HELD))
    knows = heed(control)
    await knows.check()
    control.slow_seconds = 2.0
    await pass_time(REFRESH_SECONDS)
    before = knows.clock.monotonic()
    assert await knows.may_start_steps()
    assert knows.clock.monotonic() == before


@in_virtual_time
async def test_a_region_that_cannot_read_its_lease_starts_nothing_once_what_it_knew_has_run_out() -> None:
    control = Control(dict(HELD))
    knows = heed(control)
    await knows.check()
    control.refusing = True
    await pass_time(RELIED_UPON - 0.1)
    await knows.check()
    await pass_time(0.2)
    with pytest.raises(RegionFenced, match="does not hold its lease"):
        await knows.check()
    control.refusing = False
    await knows.check()


@pytest.mark.parametrize(
    "lease", [None, HELD[EAST].moved(WEST, Phase.TAKEN, NOON), HELD[EAST].moved(WEST, Phase.RETURNING, NOON)]
)
@in_virtual_time
async def test_a_region_whose_lease_is_its_peers_or_nobodys_starts_nothing(lease: Lease | None) -> None:
    control = Control({} if lease is None else {EAST: lease})
    knows = heed(control)
    assert not await knows.may_start_steps()
    assert knows.apart == (lease is not None)


@in_virtual_time
async def test_the_peer_is_fenced_when_both_leases_say_so_at_one_time() -> None:
    control = Control(HELD | {WEST: HELD[WEST].moved(EAST, Phase.HELD, NOON)})
    knows = heed(control)
    assert await knows.peer_is_fenced()
    control.refusing = True
    await pass_time(RELIED_UPON + 0.1)
    assert not await knows.peer_is_fenced()
    control.refusing = False
    control.rows[EAST] = HELD[EAST].moved(WEST, Phase.TAKEN, NOON)
    assert not await knows.peer_is_fenced()


@in_virtual_time
async def test_a_region_without_its_lease_leaves_a_message_to_come_again_and_its_job_as_it_is() -> None:
    east, _ = two_regions(Effects().walker(3))
    message = await submitted(east, "walk")
    fenced = replace(east.advance_job(), fence=heed(Control()))
    before = dict(east.table.segments)
    with pytest.raises(StateUnavailable):
        await fenced.advance(message, delivery=1, stop_at=60.0)
    assert dict(east.table.segments) == before


@in_virtual_time
async def test_a_job_whose_region_is_fenced_meanwhile_begins_no_further_step_and_keeps_what_it_has_done() -> None:
    effects, control = Effects(), Control(dict(HELD))
    east, _ = two_regions(effects.walker(6, seconds=3.0, expensive=False))
    message = await submitted(east, "walk")
    control.rows[EAST] = HELD[EAST]
    alarm = asyncio.get_running_loop().call_later(
        4.0, control.rows.update, {EAST: HELD[EAST].moved(WEST, Phase.TAKEN, NOON)}
    )
    with pytest.raises(RegionFenced):
        await replace(east.advance_job(), fence=heed(control)).advance(message, delivery=1, stop_at=60.0)
    assert alarm.when() + REFRESH_SECONDS + 3.0 >= east.clock.monotonic()
    done = sum(effects.done.values())
    assert 2 <= done < 6
    assert len(east.state(JOB).steps) == done
    await replace(east.advance_job(), fence=heed(Control(dict(HELD)))).advance(message, delivery=2, stop_at=90.0)
    assert (east.state(JOB).status, sum(effects.done.values())) == ("succeeded", 6)


@in_virtual_time
async def test_while_regions_are_apart_a_worker_stops_when_the_peers_newer_epoch_comes_to_light() -> None:
    effects, control = Effects(), Control({EAST: HELD[EAST].moved(EAST, Phase.HELD, NOON)})
    east, west = two_regions(effects.walker(6, seconds=3.0))
    message = await submitted(east, "walk")
    replicate(east, west)
    await west.adopt_jobs().adopt()
    asyncio.get_running_loop().call_later(4.0, replicate, west, east)
    await replace(east.advance_job(), fence=heed(control)).advance(message, delivery=1, stop_at=60.0)
    assert 1 <= sum(effects.done.values()) <= 3
    assert east.state(JOB).owner_region == WEST


@in_virtual_time
async def test_while_regions_are_apart_a_worker_stops_when_the_peers_earlier_submission_comes_to_light() -> None:
    effects, control = Effects(), Control({WEST: HELD[WEST].moved(WEST, Phase.HELD, NOON)})
    east, west = two_regions(effects.walker(6, seconds=3.0))
    messages = {}
    for region in (east, west):
        region.peer.table.refusing = True
        messages[region.name] = await submitted(region, "walk")
        region.peer.table.refusing = False
        await pass_time(1.0)
    asyncio.get_running_loop().call_later(4.0, replicate, east, west)
    await replace(west.advance_job(), fence=heed(control, WEST)).advance(messages[WEST], delivery=1, stop_at=60.0)
    assert 1 <= sum(effects.done.values()) <= 3
    assert west.state(JOB).owner_region == EAST


@in_virtual_time
async def test_jobs_of_the_peer_are_adopted_only_when_it_is_fenced() -> None:
    control = Control(dict(HELD))
    east, west = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    adopt = west.adopt_jobs()
    adopt.hold = heed(control, WEST)
    assert (await adopt.adopt()).adopted == 0
    control.rows[EAST] = HELD[EAST].moved(WEST, Phase.HELD, NOON)
    await pass_time(REFRESH_SECONDS)
    await adopt.adopt()  # what is known is asked anew beside this pass
    await pass_time(1.0)
    assert (await adopt.adopt()).adopted == 1


@in_virtual_time
async def test_the_sweeper_of_a_fenced_region_hints_nothing_and_that_of_one_with_its_lease_does() -> None:
    east, _ = two_regions(Effects().walker(1))
    await submitted(east, "walk")
    control, log = Control(), Log()
    keep = KeepSweeping(
        sweep=east.sweep_jobs(),
        adopt=None,
        register=east.register,
        clock=east.clock,
        region=EAST,
        signs=Signs(rounds=MemoryRounds(east.table), clock=east.clock, name=SWEEPER),
        fence=heed(control),
    )
    await pass_time(60.0)
    await keep.round(log)
    assert (log.count("fenced"), east.waiting()) == (1, [])
    control.rows.update(HELD)
    await pass_time(RELIED_UPON)
    await keep.round(log)
    assert len(east.waiting()) == 1
