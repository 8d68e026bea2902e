"""The sentinel: this Region's heartbeat, and its verdict on the peer."""

from dataclasses import dataclass

from functions.application.keep_leases import KeepLeases
from functions.application.note_return import NoteReturn
from functions.application.ports import Clock, PeerProbe, RegionRegister, StateUnavailable
from functions.application.record_steps import Say
from functions.domain.ownership.verdict import Heartbeat, Verdict, Watch, judge, observe


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRegions:
    """Started once a minute; beats and looks every `heartbeat_seconds` for that minute.

    A Region that cannot write its heartbeat renews no lease either: its peer is to take over what it cannot work on.
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

    async def run(self, seconds: float, say: Say) -> None:
        """Work for about `seconds`. A refusing table is said to the log; the next round tries again."""
        end = self.clock.monotonic() + seconds
        watch = Watch()
        while True:
            try:
                watch, lost = await self._round(watch, say)
                if self.leases is not None:
                    await self.leases.round(lost, say)
            except StateUnavailable as error:
                say("watch_refused", error=str(error))
            if self.clock.monotonic() + self.heartbeat_seconds >= end:
                return
            await self.clock.sleep(self.heartbeat_seconds)

    async def _round(self, watch: Watch, say: Say) -> tuple[Watch, bool]:
        before = await self._beat()
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

    async def _beat(self) -> Heartbeat | None:
        """The number comes from the last beat read, so overlapping sentinels and restarts only ever move it on."""
        last = await self.register.last_beat(self.region)
        await self.register.beat(Heartbeat(self.region, self.clock.now(), last.beat + 1 if last else 1))
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
