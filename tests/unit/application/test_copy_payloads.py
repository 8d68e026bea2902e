"""What was kept while the peer was away is copied to it by itself, whatever dies meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from functions.adapters.memory import MemoryRegister, MemoryTable
from functions.adapters.memory_payloads import MemoryBuckets, MemoryOwedCopies, MemoryPayloads
from functions.application.copy_payloads import AT_ONCE, COPY_SECONDS, LOOK_SECONDS, CopyPayloads
from functions.application.keep_payloads import KeepPayloads
from functions.application.ports import PayloadKey, PayloadPlace, PayloadUnavailable
from functions.domain.job.events import Json
from functions.domain.ownership.verdict import Verdict
from functions.domain.payload import INLINE_BYTES, reference_in, size_of_value
from tests.simulation.virtual_time import VirtualClock, in_virtual_time, pass_time
from tests.unit.application.two_regions import EAST, WEST, Crash, Fuse, Fused, Log
from tests.unit.domain.job.writing import NOON


class Forgetful(MemoryOwedCopies):
    """Writes nothing down: the rule, switched off."""

    async def owe(self, key: PayloadKey, at: str) -> None:
        """Forget it."""


@dataclass
class Region:
    """One Region's bucket and what it owes, as one process after the other has them."""

    name: str
    buckets: MemoryBuckets
    kind: type[MemoryOwedCopies] = MemoryOwedCopies
    clock: VirtualClock = field(default_factory=VirtualClock)
    table: MemoryTable = field(default_factory=MemoryTable)
    peer: "Region" = field(init=False)

    def __post_init__(self) -> None:
        self.payloads = MemoryPayloads(self.buckets, self.name)
        self.owed = self.kind(self.table)
        self.log = Log()

    def keep(self) -> KeepPayloads:
        return KeepPayloads(own=self.payloads, peer=self.peer.payloads, owed=self.owed, clock=self.clock)

    def copy(self, fuse: Fuse | None = None) -> CopyPayloads:
        """Return the use case as a new process has it; a fuse lies in what it writes."""
        fuse = fuse or Fuse()
        return CopyPayloads(
            owed=Fused(self.owed, fuse),
            own=self.payloads,
            peer=Fused(self.peer.payloads, fuse),
            register=MemoryRegister(self.table),
            clock=self.clock,
            region=self.name,
        )

    async def keep_value(self, number: int, tenant: str = "acme") -> Json:
        value: Json = [number, "x" * INLINE_BYTES]
        return await self.keep().externalise(tenant, value, size_of_value(value, "a value"))

    @property
    def held(self) -> Sequence[PayloadKey]:
        return [key for bucket, key in self.buckets.kept if bucket == self.name]


def regions(kind: type[MemoryOwedCopies] = MemoryOwedCopies) -> tuple[Region, Region]:
    buckets = MemoryBuckets()
    east, west = Region(EAST, buckets, kind), Region(WEST, buckets, kind)
    east.peer, west.peer = west, east
    return east, west


async def kept_while_the_peer_was_away(
    count: int, kind: type[MemoryOwedCopies] = MemoryOwedCopies
) -> tuple[Region, Region, list[Json]]:
    east, west = regions(kind)
    west.payloads.refusing = True
    recorded = [await east.keep_value(number) for number in range(count)]
    assert all((reference := reference_in(each)) is not None and reference.local for each in recorded)
    west.payloads.refusing = False
    return east, west, recorded


@in_virtual_time
async def test_what_the_peer_missed_is_copied_to_it_and_outlives_the_region_that_kept_it() -> None:
    east, west, recorded = await kept_while_the_peer_was_away(2 * AT_ONCE + 3)
    await east.copy().round(east.log)
    assert sorted(west.held, key=str) == sorted(east.held, key=str)
    assert east.owed.since == {}
    east.payloads.refusing = True
    values = [await west.keep().resolve("acme", each) for each in recorded]
    assert values == [[number, "x" * INLINE_BYTES] for number in range(len(recorded))]
    assert east.log.said == [("payloads_copied", {"copied": len(recorded)})]


@in_virtual_time
async def test_if_nobody_wrote_down_that_a_copy_is_owed_the_value_is_lost_with_the_region() -> None:
    """The rule, switched off: what the tests above and below rely on."""
    east, west, recorded = await kept_while_the_peer_was_away(1, Forgetful)
    await east.copy().round(east.log)
    east.payloads.refusing = True
    with pytest.raises(PayloadUnavailable):
        await west.keep().resolve("acme", recorded[0])


@in_virtual_time
async def test_a_region_that_owes_nothing_reads_once_a_minute_and_does_nothing_else() -> None:
    east, _ = regions()
    fuse = Fuse()
    copy = east.copy(fuse)
    for _ in range(25):
        await copy.round(east.log)
        await pass_time(5.0)
    assert fuse.burned == ["before owed", "after owed"] * 3  # at 0, 60 and 120 s
    assert east.log.said == []


@in_virtual_time
async def test_whichever_line_the_process_dies_at_the_next_one_copies_what_is_left() -> None:
    fuse = Fuse()
    east, west, _ = await kept_while_the_peer_was_away(3)
    await east.copy(fuse).round(east.log)
    assert len(fuse.burned) > 3 * 4
    for place in range(len(fuse.burned)):
        east, west, _ = await kept_while_the_peer_was_away(3)
        with pytest.raises(Crash):
            await east.copy(Fuse(at=place)).round(east.log)
        await east.copy().round(east.log)
        assert (len(west.held), east.owed.since) == (3, {}), f"after a death at {fuse.burned[place]}"


@in_virtual_time
async def test_a_process_that_dies_before_the_note_has_recorded_nothing_and_keeps_it_again() -> None:
    east, west = regions()
    west.payloads.refusing = True
    keep = east.keep()
    dying = KeepPayloads(own=keep.own, peer=keep.peer, owed=Fused(east.owed, Fuse(at=0)), clock=keep.clock)
    value: Json = "x" * (INLINE_BYTES + 1)
    with pytest.raises(Crash):
        await dying.externalise("acme", value, size_of_value(value, "a value"))
    assert (len(east.held), east.owed.since) == (1, {})
    await keep.externalise("acme", value, size_of_value(value, "a value"))
    west.payloads.refusing = False
    await east.copy().round(east.log)
    assert west.held == east.held


@in_virtual_time
async def test_while_the_peer_does_not_answer_one_copy_a_minute_is_tried_and_each_in_its_turn() -> None:
    east, west, _ = await kept_while_the_peer_was_away(3)
    west.payloads.refusing = True
    tried: list[PayloadKey] = []

    class Counting(MemoryPayloads):
        async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
            tried.append(key)
            await MemoryPayloads.take_over(self, key, place)

    west.payloads = Counting(west.buckets, WEST, refusing=True)
    copy = east.copy()
    for _ in range(5):
        await copy.round(east.log)
        await pass_time(LOOK_SECONDS)
    assert tried == [*sorted(east.owed.since, key=lambda key: key.sha256), *tried[:2]]
    assert east.log.count("copying_refused") == 5


@in_virtual_time
async def test_one_that_never_can_be_copied_does_not_bar_the_others() -> None:
    east, west, _ = await kept_while_the_peer_was_away(5)
    barred = min(east.owed.since, key=lambda key: key.sha256)

    class Barred(MemoryPayloads):
        async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
            if key == barred:
                raise PayloadUnavailable("this one takes too long")
            await MemoryPayloads.take_over(self, key, place)

    west.payloads = Barred(west.buckets, WEST)
    copy = east.copy()
    for _ in range(2):
        await copy.round(east.log)
        await pass_time(LOOK_SECONDS)
    assert list(east.owed.since) == [barred]
    assert len(west.held) == 4


@in_virtual_time
async def test_a_peer_that_is_held_for_lost_is_not_asked() -> None:
    east, west, _ = await kept_while_the_peer_was_away(1)
    fuse = Fuse()
    copy = east.copy(fuse)
    east.table.verdicts[EAST] = Verdict(EAST, WEST, True, NOON)
    await copy.round(east.log)
    assert fuse.burned == ["before owed", "after owed"]
    east.table.verdicts[EAST] = Verdict(EAST, WEST, False, NOON)
    await pass_time(LOOK_SECONDS)
    await copy.round(east.log)
    assert (west.held, east.owed.since) == (east.held, {})


@in_virtual_time
async def test_copying_many_gives_way_to_the_sweepers_other_work_and_goes_on_in_the_next_round() -> None:
    east, west, _ = await kept_while_the_peer_was_away(4 * AT_ONCE)

    class Slow(MemoryPayloads):
        async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
            await pass_time(COPY_SECONDS / 2)
            await MemoryPayloads.take_over(self, key, place)

    west.payloads = Slow(west.buckets, WEST)
    copy = east.copy()
    before = east.clock.monotonic()
    await copy.round(east.log)
    assert east.clock.monotonic() - before == COPY_SECONDS
    assert len(west.held) == 1 + AT_ONCE
    for _ in range(3):
        await copy.round(east.log)
    assert len(west.held) == 4 * AT_ONCE


@in_virtual_time
async def test_a_payload_whose_time_has_run_out_is_owed_to_nobody() -> None:
    east, west, _ = await kept_while_the_peer_was_away(2)
    east.buckets.kept.clear()
    await east.copy().round(east.log)
    assert (west.held, east.owed.since) == ([], {})


@in_virtual_time
async def test_one_that_goes_while_it_is_being_copied_is_struck_out_like_it() -> None:
    east, west, _ = await kept_while_the_peer_was_away(1)

    class Expiring(MemoryPayloads):
        async def take_over(self, key: PayloadKey, place: PayloadPlace) -> None:
            self.buckets.kept.clear()
            await MemoryPayloads.take_over(self, key, place)

    west.payloads = Expiring(west.buckets, WEST)
    await east.copy().round(east.log)
    assert (west.held, east.owed.since) == ([], {})


@in_virtual_time
async def test_a_table_or_a_bucket_of_ones_own_that_refuses_is_said_and_tried_again() -> None:
    east, west, _ = await kept_while_the_peer_was_away(1)
    copy = east.copy()
    east.table.refusing = True
    await copy.round(east.log)
    east.table.refusing, east.payloads.refusing = False, True
    await pass_time(LOOK_SECONDS)
    await copy.round(east.log)
    east.payloads.refusing = False
    await pass_time(LOOK_SECONDS)
    await copy.round(east.log)
    assert [event for event, _ in east.log.said] == ["copying_refused", "copying_refused", "payloads_copied"]
    assert west.held == east.held


@in_virtual_time
async def test_each_region_copies_its_own_and_never_the_others() -> None:
    east, west = regions()
    west.payloads.refusing = True
    await east.keep_value(1)
    west.payloads.refusing, east.payloads.refusing = False, True
    await west.keep_value(2)
    east.payloads.refusing = False
    await asyncio.gather(east.copy().round(east.log), west.copy().round(west.log))
    assert sorted(east.held, key=str) == sorted(west.held, key=str)
    assert (east.owed.since, west.owed.since) == ({}, {})
