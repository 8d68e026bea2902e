"""Puts the use cases together from the settings: one `Runtime` a process, each part made when it is first asked for.

The modules of the use cases are imported with them, so a function loads what it uses and nothing else. A test replaces
a part by assigning it, for example `runtime.history = MemoryHistory(...)`, before anything is made from it.
"""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from functions.broadcasting import Broadcasting
from functions.settings import Settings
from functions.standing_work import StandingWork

if TYPE_CHECKING:
    from functions.application.admit_job import AdmitJob
    from functions.application.advance_job import AdvanceJob
    from functions.application.authorize_request import AuthorizeRequest
    from functions.application.call_child import CallChild
    from functions.application.cancel_jobs import CancelJobs
    from functions.application.check_health import CheckHealth
    from functions.application.decide_approval import DecideApproval
    from functions.application.get_job import GetJob, WaitForJob
    from functions.application.keep_payloads import KeepPayloads
    from functions.application.list_approvals import ListApprovals
    from functions.application.list_job_events import ListJobEvents, WaitForJobEvents
    from functions.application.list_jobs import ListJobs
    from functions.application.list_regions import ListRegions
    from functions.application.note_failure import NoteFailure
    from functions.application.open_upload import OpenUpload
    from functions.application.request_change import RequestChange
    from functions.application.send_arrival import SendArrival
    from functions.application.show_session import ShowSession
    from functions.application.signal_job import SignalJob
    from functions.application.submit_job import SubmitJob
    from functions.application.submit_turn import SubmitTurn


@cache
def runtime() -> "Runtime":
    """Return this process's runtime. Raises InvalidSetting."""
    return Runtime(Settings.load())


class Runtime(StandingWork, Broadcasting):
    """The use cases of one process, on its surroundings, its flow control and what runs by itself."""

    @cached_property
    def keep_payloads(self) -> "KeepPayloads":
        """Use case."""
        from functions.application.keep_payloads import KeepPayloads

        return KeepPayloads(own=self.payloads, peer=self.peer_payloads, owed=self.owed_copies, clock=self.clock)

    @cached_property
    def open_upload(self) -> "OpenUpload":
        """Use case."""
        from functions.application.open_upload import OpenUpload

        return OpenUpload(own=self.payloads, clock=self.clock)

    @cached_property
    def send_arrival(self) -> "SendArrival":
        """Use case."""
        from functions.application.send_arrival import SendArrival

        return SendArrival(
            history=self.history,
            peer=self.peer,
            lanes=self.lanes,
            peer_lanes=self.peer_lanes,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
        )

    @cached_property
    def call_child(self) -> "CallChild":
        """Use case."""
        from functions.application.call_child import CallChild

        return CallChild(submit=self.submit_job, send=self.send_arrival, history=self.history)

    @cached_property
    def submit_turn(self) -> "SubmitTurn":
        """Use case."""
        from functions.application.submit_turn import SubmitTurn

        return SubmitTurn(submit_job=self.submit_job, turns=self.call_child.turns)

    @cached_property
    def admit_job(self) -> "AdmitJob":
        """Use case."""
        from functions.application.admit_job import AdmitJob

        return AdmitJob(
            turns=self.submit_turn,
            history=self.history,
            flow=self.watch_flow,
            bounds=self.settings.wait_bounds,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def show_session(self) -> "ShowSession":
        """Use case."""
        from functions.application.show_session import ShowSession

        return ShowSession(history=self.history)

    @cached_property
    def signal_job(self) -> "SignalJob":
        """Use case."""
        from functions.application.signal_job import SignalJob

        return SignalJob(history=self.history, send=self.send_arrival, clock=self.clock, entropy=self.entropy)

    @cached_property
    def request_change(self) -> "RequestChange":
        """Use case."""
        from functions.application.request_change import RequestChange

        return RequestChange(
            history=self.history,
            send=self.send_arrival,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
        )

    @cached_property
    def cancel_jobs(self) -> "CancelJobs":
        """Use case."""
        from functions.application.cancel_jobs import CancelJobs

        return CancelJobs(history=self.history, projections=self.projections, change=self.request_change)

    @cached_property
    def list_approvals(self) -> "ListApprovals":
        """Use case."""
        from functions.application.list_approvals import ListApprovals

        return ListApprovals(history=self.history, projections=self.projections, clock=self.clock)

    @cached_property
    def decide_approval(self) -> "DecideApproval":
        """Use case."""
        from functions.application.decide_approval import DecideApproval

        return DecideApproval(
            history=self.history,
            peer=self.peer,
            send=self.send_arrival,
            clock=self.clock,
            region=self.settings.region,
        )

    @cached_property
    def submit_job(self) -> "SubmitJob":
        """Use case."""
        from functions.application.submit_job import SubmitJob

        return SubmitJob(
            history=self.history,
            peer=self.peer,
            projections=self.projections,
            lanes=self.lanes,
            payloads=self.keep_payloads,
            agents=self.agents,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            stall_seconds=self.settings.stall_seconds,
        )

    @cached_property
    def get_job(self) -> "GetJob":
        """Use case."""
        from functions.application.get_job import GetJob

        return GetJob(history=self.history, payloads=self.keep_payloads, region=self.settings.region)

    @cached_property
    def wait_for_job(self) -> "WaitForJob":
        """Use case."""
        from functions.application.get_job import WaitForJob

        return WaitForJob(get_job=self.get_job, clock=self.clock)

    @cached_property
    def list_jobs(self) -> "ListJobs":
        """Use case."""
        from functions.application.list_jobs import ListJobs

        return ListJobs(history=self.history, projections=self.projections, region=self.settings.region)

    @cached_property
    def list_job_events(self) -> "ListJobEvents":
        """Use case."""
        from functions.application.list_job_events import ListJobEvents

        return ListJobEvents(history=self.history)

    @cached_property
    def wait_for_job_events(self) -> "WaitForJobEvents":
        """Use case."""
        from functions.application.list_job_events import WaitForJobEvents

        return WaitForJobEvents(list_job_events=self.list_job_events, clock=self.clock)

    @cached_property
    def list_regions(self) -> "ListRegions":
        """Use case."""
        from functions.application.list_regions import ListRegions

        return ListRegions(
            register=self.register,
            lanes=self.lanes,
            flow=self.watch_flow,
            bounds=self.settings.wait_bounds,
            clock=self.clock,
            region=self.settings.region,
            peer_region=self.settings.peer_region,
            peer_stale_seconds=self.settings.peer_stale_seconds,
            leases=self.leases,
            standings=self.standings,
        )

    @cached_property
    def check_health(self) -> "CheckHealth":
        """Use case."""
        from functions.application.check_health import CheckHealth

        return CheckHealth(
            register=self.register,
            lanes=self.lanes,
            flow=self.watch_flow,
            clock=self.clock,
            region=self.settings.region,
            standings=self.standings,
        )

    @cached_property
    def authorize_request(self) -> "AuthorizeRequest":
        """Use case."""
        from functions.application.authorize_request import AuthorizeRequest

        return AuthorizeRequest(tokens=self.tokens)

    @cached_property
    def advance_job(self) -> "AdvanceJob":
        """Use case."""
        from functions.application.advance_job import AdvanceJob

        return AdvanceJob(
            history=self.history,
            projections=self.projections,
            lanes=self.lanes,
            agents=self.agents,
            model=self.model,
            children=self.call_child,
            payloads=self.keep_payloads,
            failures=self.note_failure,
            clock=self.clock,
            entropy=self.entropy,
            region=self.settings.region,
            worker=f"{self.settings.region}/{self.entropy.token()[:12]}",
            stall_seconds=self.settings.stall_seconds,
            pauses=self.watch_switches,
            counts=self.count_flow,
            limits=self.heed_limits,
            webhooks=self.resend_webhooks,
            hands=self.change_hands,
            fence=self.fence,
        )

    @cached_property
    def note_failure(self) -> "NoteFailure":
        """Use case."""
        from functions.application.note_failure import NoteFailure

        return NoteFailure(dead_letters=self.dead_letters, peer=self.peer_dead_letters, region=self.settings.region)
