"""The use cases that nobody asks for: what sweeps, adopts, watches and fires; and the schedules that are fired.

A part of `bootstrap`, on the surroundings and the flow control: the loops that are started once a minute.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from functions.flow_control import FlowControl
from functions.region_standing import RegionStanding

if TYPE_CHECKING:
    from functions.application.adopt_jobs import AdoptJobs
    from functions.application.archive_jobs import ArchiveJobs
    from functions.application.call_child import CallChild
    from functions.application.copy_payloads import CopyPayloads
    from functions.application.fire_round import FireRound
    from functions.application.fire_schedules import FireSchedules
    from functions.application.keep_firing import KeepFiring
    from functions.application.keep_leases import KeepLeases
    from functions.application.keep_standing import KeepStanding
    from functions.application.keep_sweeping import KeepSweeping
    from functions.application.note_failure import NoteFailure
    from functions.application.request_change import RequestChange
    from functions.application.return_leases import ReturnLeases
    from functions.application.set_schedule import SetSchedule, ShowSchedules
    from functions.application.submit_turn import SubmitTurn
    from functions.application.sweep_jobs import SweepJobs
    from functions.application.watch_regions import WatchRegions


class StandingWork(FlowControl, RegionStanding):
    """What runs by itself. The parts that it needs of those who are asked are made by `Runtime`."""

    if TYPE_CHECKING:

        @cached_property
        def call_child(self) -> CallChild:
            """See Runtime."""

        @cached_property
        def note_failure(self) -> NoteFailure:
            """See Runtime."""

        @cached_property
        def submit_turn(self) -> SubmitTurn:
            """See Runtime."""

        @cached_property
        def request_change(self) -> RequestChange:
            """See Runtime."""

    @cached_property
    def keep_leases(self) -> "KeepLeases | None":
        """Use case; None where there are no leases."""
        if self.leases is None:
            return None
        from functions.application.keep_leases import KeepLeases

        settings = self.settings
        return KeepLeases(
            leases=self.leases,
            clock=self.clock,
            region=settings.region,
            peer_region=settings.peer_region,
            standings=self.standings,
        )

    @cached_property
    def return_leases(self) -> "ReturnLeases | None":
        """Use case; None where there are no leases."""
        if self.leases is None:
            return None
        from functions.application.return_leases import ReturnLeases

        return ReturnLeases(
            leases=self.leases,
            history=self.history,
            peer=self.peer,
            projections=self.projections,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
            outlook=self.watch_standing,
        )

    @cached_property
    def sweep_jobs(self) -> "SweepJobs":
        """Use case."""
        from functions.application.await_turn import AwaitTurn
        from functions.application.sweep_jobs import SweepJobs

        return SweepJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            children=self.call_child,
            failures=self.note_failure,
            clock=self.clock,
            region=self.settings.region,
            stall_seconds=self.settings.stall_seconds,
            hold=self.heed_lease,
            hands=self.change_hands,
            turns=AwaitTurn(clock=self.clock, region=self.settings.region, flow=self.watch_flow),
        )

    @cached_property
    def keep_standing(self) -> "KeepStanding":
        """Use case."""
        from functions.application.catch_up import CatchUp
        from functions.application.evacuate_jobs import EvacuateJobs
        from functions.application.keep_standing import KeepStanding

        return KeepStanding(
            standings=self.standings,
            peer=self.peer_standings,
            evacuate=EvacuateJobs(
                history=self.history,
                projections=self.projections,
                lanes=self.lanes,
                hands=self.change_hands,
                sweep=self.sweep_jobs,
                clock=self.clock,
                region=self.settings.region,
                stall_seconds=self.settings.stall_seconds,
                per_second=self.settings.adoption_per_second,
            ),
            catch_up=CatchUp(
                history=self.history,
                peer=self.peer,
                projections=self.projections,
                lanes=self.lanes,
                clock=self.clock,
                region=self.settings.region,
            ),
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
        )

    @cached_property
    def adopt_jobs(self) -> "AdoptJobs":
        """Use case."""
        from functions.application.adopt_jobs import AdoptJobs

        return AdoptJobs(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            children=self.call_child,
            failures=self.note_failure,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
            per_second=self.settings.adoption_per_second,
            flow=self.watch_flow,
            bounds=self.settings.wait_bounds,
            hold=self.heed_lease,
            hears=self.hear_peer,
        )

    @cached_property
    def keep_sweeping(self) -> "KeepSweeping":
        """Use case."""
        from functions.application.keep_sweeping import KeepSweeping
        from functions.application.stand_in import SWEEPER, Signs

        return KeepSweeping(
            sweep=self.sweep_jobs,
            adopt=self.adopt_jobs if self.settings.adoption else None,
            register=self.register,
            clock=self.clock,
            region=self.settings.region,
            signs=Signs(rounds=self.rounds, clock=self.clock, name=SWEEPER),
            firing=self.fire_round,
            fence=self.fence,
            leases=self.return_leases,
            standing=self.keep_standing,
            copies=self.copy_payloads,
        )

    @cached_property
    def copy_payloads(self) -> "CopyPayloads":
        """Use case."""
        from functions.application.copy_payloads import CopyPayloads

        return CopyPayloads(
            owed=self.owed_copies,
            own=self.payloads,
            peer=self.peer_payloads,
            register=self.register,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def archive_jobs(self) -> "ArchiveJobs | None":
        """Use case; None where histories stay in the table."""
        if self.settings.archive_after_days is None:
            return None
        from functions.application.archive_jobs import ArchiveJobs

        return ArchiveJobs(
            book=self.archive_book,
            peer_book=self.peer_archive_book,
            own=self.archive,
            peer=self.peer_archive,
            projections=self.projections,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            after_days=self.settings.archive_after_days,
        )

    @cached_property
    def watch_regions(self) -> "WatchRegions":
        """Use case."""
        from functions.application.watch_regions import WatchRegions

        return WatchRegions(
            register=self.register,
            probe=self.probe,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            heartbeat_seconds=self.settings.heartbeat_seconds,
            stale_seconds=self.settings.peer_stale_seconds,
            leases=self.keep_leases,
            returns=self.note_return,
            fence=self.fence,
        )

    @cached_property
    def set_schedule(self) -> "SetSchedule":
        """Use case."""
        from functions.application.set_schedule import SetSchedule

        return SetSchedule(
            schedules=self.schedules,
            peer=self.peer_schedules,
            agents=self.agents,
            lanes=self.lanes,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def show_schedules(self) -> "ShowSchedules":
        """Use case."""
        from functions.application.set_schedule import ShowSchedules

        return ShowSchedules(schedules=self.schedules, clock=self.clock)

    @cached_property
    def fire_schedules(self) -> "FireSchedules":
        """Use case."""
        from functions.application.fire_schedules import FireSchedules

        return FireSchedules(
            schedules=self.schedules,
            peer=self.peer_schedules,
            history=self.history,
            submit=self.submit_turn,
            change=self.request_change,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            say=self.log.say,
            measure=self.log.measure,
        )

    @cached_property
    def fire_round(self) -> "FireRound":
        """Use case."""
        from functions.application.fire_round import FireRound
        from functions.application.stand_in import FIRER, Signs

        return FireRound(
            schedules=self.fire_schedules,
            standings=self.standings,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            adoption=self.settings.adoption,
            signs=Signs(rounds=self.rounds, clock=self.clock, name=FIRER),
            fence=self.fence,
        )

    @cached_property
    def keep_firing(self) -> "KeepFiring":
        """Use case."""
        from functions.application.keep_firing import KeepFiring

        return KeepFiring(firing=self.fire_round, sweeping=self.keep_sweeping, clock=self.clock)
