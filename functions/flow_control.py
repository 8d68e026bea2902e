"""The part of `bootstrap` that says whether work is taken in and may run now: switches, limits, the lanes' flow.

A file of its own because these use cases need the surroundings alone, and most others need them.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.surroundings import Surroundings

if TYPE_CHECKING:
    from functions.application.count_flow import CountFlow
    from functions.application.heed_limits import HeedLimits
    from functions.application.sample_lanes import SampleLanes
    from functions.application.set_limit import ListLimits, SetLimit
    from functions.application.set_switch import ListSwitches, SetSwitch
    from functions.application.watch_flow import WatchFlow
    from functions.application.watch_switches import WatchSwitches


class FlowControl(Surroundings):
    """The use cases of one process that steer the others."""

    @cached_property
    def watch_switches(self) -> "WatchSwitches":
        """Use case."""
        from functions.application.watch_switches import WatchSwitches

        return WatchSwitches(switches=self.switches, clock=self.clock)

    @cached_property
    def set_switch(self) -> "SetSwitch":
        """Use case."""
        from functions.application.set_switch import SetSwitch

        return SetSwitch(
            switches=self.switches,
            peer=self.peer_switches,
            agents=self.agents,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def list_switches(self) -> "ListSwitches":
        """Use case."""
        from functions.application.set_switch import ListSwitches

        return ListSwitches(switches=self.switches)

    @cached_property
    def heed_limits(self) -> "HeedLimits":
        """Use case."""
        from functions.application.heed_limits import HeedLimits

        return HeedLimits(
            rules=self.watch_switches,
            book=self.limit_book,
            lanes=self.lanes,
            clock=self.clock,
            entropy=self.entropy,
        )

    @cached_property
    def set_limit(self) -> "SetLimit":
        """Use case."""
        from functions.application.set_limit import SetLimit

        return SetLimit(
            limits=self.limits,
            peer=self.peer_limits,
            agents=self.agents,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def list_limits(self) -> "ListLimits":
        """Use case."""
        from functions.application.set_limit import ListLimits

        return ListLimits(limits=self.limits)

    @cached_property
    def count_flow(self) -> "CountFlow":
        """Use case."""
        from functions.application.count_flow import CountFlow

        return CountFlow(book=self.flow_book, clock=self.clock, region=self.settings.region)

    @cached_property
    def watch_flow(self) -> "WatchFlow":
        """Use case."""
        from functions.application.watch_flow import WatchFlow

        return WatchFlow(book=self.flow_book, clock=self.clock)

    @cached_property
    def sample_lanes(self) -> "SampleLanes":
        """Use case."""
        from functions.application.sample_lanes import SampleLanes

        return SampleLanes(
            book=self.flow_book,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
            pause_seconds=self.settings.heartbeat_seconds,
        )
