"""The sentinel: this Region's heartbeat, and its verdict on the peer."""

from dataclasses import dataclass

from functions.application.keep_leases import KeepLeases
from functions.application.lease_ports import UNFENCED, Fence
from functions.application.note_return import NoteReturn
from functions.application.ports import Clock, PeerProbe, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.domain.ownership.verdict import Heartbeat, Verdict, Watch, judge, observe


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRegions:
    """Started once a minute; beats and looks every `heartbeat_seconds` for that minute.

    A Region that cannot write its heartbeat renews no lease either: its peer is to take over what it cannot work on.
    One that is fenced says so with its heartbeat, so that its peer fires what is due there.
    """

    register: RegionRegister
    probe: PeerProbe
    clock: Clock
    region: str
    peer_region: str
    heartbeat_seconds: float
    stale_seconds: float
    leases: KeepLeases | None = None
    returns: NoteReturn | None = None
    fence: Fence = UNFENCED

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table is said to the log; the next round tries again."""
        end = self.clock.monotonic() + seconds
        watch, fenced = Watch(), None
        while True:
            try:
                watch, lost = await self._round(watch, fenced, say)
                if self.leases is not None:
                    await self.leases.round(lost, say)
                    fenced = not await self.fence.may_start_steps()
            except StateUnavailable as error:
                say("watch_refused", error=str(error))
            if self.clock.monotonic() + self.heartbeat_seconds >= end:
                return
            await self.clock.sleep(self.heartbeat_seconds)

    async def _round(self, watch: Watch, fenced: bool | None, say: Say) -> tuple[Watch, bool]:
        before = await self._beat(fenced)
        if self.returns is not None:
            await self.returns.look(before, say)
        heartbeat = await self.register.last_beat(self.peer_region)
        probe_ok = await self.probe.healthy()
        now = self.clock.now()
        watch = observe(watch, heartbeat=heartbeat, probe_ok=probe_ok, now=now)
        current = await self.register.verdict(self.region)
        verdict = judge(
            current, watch, region=self.region, peer=self.peer_region, stale_seconds=self.stale_seconds, now=now
        )
        if verdict is not current:
            await self.register.put_verdict(verdict)
        _say_round(say, verdict, watch, changed=verdict is not current)
        return watch, verdict.lost

    async def _beat(self, fenced: bool | None) -> Heartbeat | None:
        """The number comes from the last beat read, so overlapping sentinels and restarts only ever move it on.

        A sentinel that has just begun does not know whether the Region is `fenced`, and repeats what was said last.
        """
        last = await self.register.last_beat(self.region)
        number, before = (last.beat + 1, last.fenced) if last else (1, False)
        await self.register.beat(Heartbeat(self.region, self.clock.now(), number, before if fenced is None else fenced))
        return last


def _say_round(say: Say, verdict: Verdict, watch: Watch, *, changed: bool) -> None:
    say(
        "peer_verdict_changed" if changed else "watched",
        peer=verdict.peer,
        lost=verdict.lost,
        since=verdict.since,
        failed_probes=watch.failed_probes,
        peer_beat=watch.seen_beat,
    )
