"""Lanes: every message arrives once on its own lane, or the sender hears that one did not."""

import asyncio

import pytest

from functions.application.ports import LaneSend, LaneUnavailable
from functions.domain.lanes import LaneMessage
from tests.contract.jobs import JOB
from tests.contract.worlds import LANES, Queues


def send(lane: str, number: int, group: str = "acme") -> LaneSend:
    return LaneSend(lane, LaneMessage(JOB, number, "due"), group)


class TestLanes:
    def test_the_lanes_are_named_in_the_order_of_their_importance(self, queues: Queues) -> None:
        assert tuple(queues.lanes.names()) == LANES

    def test_each_message_arrives_once_on_its_lane_with_its_tenant_as_group(self, queues: Queues) -> None:
        sends = [send(LANES[n % 2], n, f"tenant-{n % 3}") for n in range(1, 48)]
        asyncio.run(queues.lanes.send(sends))
        for lane in LANES:
            wanted = sorted((s.message.epoch, s.group) for s in sends if s.lane == lane)
            assert sorted((message.epoch, group) for message, group in queues.received(lane)) == wanted

    def test_a_message_is_the_same_when_it_is_received(self, queues: Queues) -> None:
        asyncio.run(queues.lanes.send([send("batch", 3)]))
        assert list(queues.received("batch")) == [(LaneMessage(JOB, 3, "due"), "acme")]

    def test_nothing_to_send_is_nothing_sent(self, queues: Queues) -> None:
        asyncio.run(queues.lanes.send([]))
        assert [list(queues.received(lane)) for lane in LANES] == [[], [], []]

    def test_depths_count_what_waits(self, queues: Queues) -> None:
        asyncio.run(queues.lanes.send([send("critical", n) for n in range(12)]))
        depths = asyncio.run(queues.lanes.depths())
        assert depths == {"critical": (12, 0), "standard": (0, 0), "batch": (0, 0)}

    def test_a_queue_that_refuses_is_unavailable(self, queues: Queues) -> None:
        queues.refuse()
        for call in (queues.lanes.send([send("standard", 1)]), queues.lanes.depths()):
            with pytest.raises(LaneUnavailable):
                asyncio.run(call)
