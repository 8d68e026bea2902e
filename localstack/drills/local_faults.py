"""How the local cloud carries out the faults of drills, undoes them exactly, and measures what they did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.domain.moments import to_datetime
from localstack.admin import admin_client
from localstack.cloud import LocalCloud
from localstack.drills.evidence import Sample
from localstack.drills.faults import (
    AnswersLost,
    ClientsCutOff,
    ClockSkewed,
    ControlTableCutOff,
    Fault,
    InvocationsSpoilt,
    LanesClosed,
    MessagesSpoilt,
    ModelSpoilt,
    Names,
    RegionFrozen,
    RegionKilled,
    RegionsParted,
    Released,
    ReplicationPaused,
    ReplicationShaped,
    TableThrottled,
    ToolSpoilt,
    WorkersKilled,
)
from localstack.drills.local_release import Release
from localstack.drills.local_tools import SpoiltTool
from localstack.drills.rules import Changes
from localstack.drills.target import CannotDrill
from localstack.faults import CLIENTS, Faults
from localstack.first_use import TABLE
from localstack.layout import GLOBAL
from localstack.replication.shape import DEFAULT_SHAPE

LANES = ("critical", "standard", "batch")
QUEUES = tuple(f"{TABLE}-{lane}" for lane in LANES)

Effect = tuple[str, bool]
Measure = Callable[[Sequence[Sample]], Effect]


@dataclass(slots=True)
class Ordered:
    """A fault that was ordered: how it is undone, whether it then is, and how its effect is measured."""

    order: Callable[[], None]
    take_back: Callable[[], None]
    is_restored: Callable[[], bool]
    measure: Measure
    _undone: bool = False

    def undo(self) -> None:
        """See Underway."""
        if not self._undone:
            self.take_back()
            self._undone = True

    def restored(self) -> bool:
        """See Underway."""
        return self._undone and self.is_restored()

    def effect(self, during: Sequence[Sample]) -> Effect:
        """See Underway."""
        return self.measure(during)


@dataclass(slots=True)
class LocalFaults:
    """The means of one local cloud."""

    cloud: LocalCloud
    changes: Changes = field(default_factory=dict)
    """What is replaced in the functions' source already: a release of faults keeps it."""
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.cloud.layout)

    def ordered(self, fault: Fault, names: Names, seed: int) -> Ordered:
        """The fault, ready to be ordered."""
        match fault:
            case RegionKilled() | RegionFrozen():
                return self._taken_away(fault, names[fault.where])
            case RegionsParted():
                return self._parted(fault, names)
            case ClientsCutOff():
                return self._borders({names[fault.where]: CLIENTS}, cut=[])
            case LanesClosed():
                raise CannotDrill("the local cloud has no means to close lanes; messages can be spoilt there")
            case InvocationsSpoilt():
                raise CannotDrill("the local cloud has no FIS; workers can be killed there, and tools be slow or fail")
            case ControlTableCutOff():
                return self._control_table_cut_off(fault.cut(names))
            case ReplicationPaused():
                return self._borders({}, cut=list(names.values()))
            case ReplicationShaped():
                return self._reshaped(fault, seed)
            case WorkersKilled():
                return self._workers_killed(fault, names[fault.where])
            case MessagesSpoilt():
                return self._messages_spoilt(fault, seed)
            case TableThrottled():
                return self._throttled(names[fault.where], fault.share, seed)
            case ModelSpoilt():
                return self._model_spoilt(fault, seed)
            case ToolSpoilt():
                tool = SpoiltTool(self.cloud.layout.regions, fault, self.changes)
                return Ordered(tool.publish, tool.withdraw, tool.is_withdrawn, lambda _: tool.effect())
            case AnswersLost():
                return self._answers_lost(names[fault.where], fault.share, seed)
            case ClockSkewed():
                return self._clock_skewed(names[fault.where], fault.seconds)
            case Released():
                release = Release(self.cloud.layout.emulator(names[fault.where]), fault.functions)
                return Ordered(release.publish, release.withdraw, release.is_withdrawn, lambda _: release.effect())

    # -- Regions

    def _taken_away(self, fault: RegionKilled | RegionFrozen, region: str) -> Ordered:
        def order() -> None:
            self.cloud.stop_region(region, freeze=isinstance(fault, RegionFrozen))

        def take_back() -> None:
            if isinstance(fault, RegionKilled) and fault.again:
                self._lose_while_it_returns(region)
            self.cloud.start_region(region)

        def measure(during: Sequence[Sample]) -> Effect:
            silent = sum(sample.answers.get(region) is False for sample in during)
            return f"{region} gave no answer at {silent} of {len(during)} looks", silent > 0

        return Ordered(order, take_back, lambda: self.cloud.parts()[region]["state"] == "running", measure)

    def _lose_while_it_returns(self, region: str) -> None:
        """Begin to bring it back, and kill it again once its replica is being filled.

        By a cloud object of its own: one whose return has failed begins nothing more.
        """
        cloud = LocalCloud(self.cloud.layout)
        returning = threading.Thread(target=_ignoring_failure(lambda: cloud.start_region(region)), daemon=True)
        returning.start()
        returning.join(SECONDS_OF_A_RETURN)
        self.cloud.stop_region(region)
        returning.join(SECONDS_UNTIL_A_DEPLOY_GIVES_UP)

    # -- what passes

    def _parted(self, fault: RegionsParted, names: Names) -> Ordered:
        wheres = list(names) if fault.out_of is None else [fault.out_of]
        closed = {names[where.other]: names[where] for where in wheres}
        return self._borders(closed, cut=[names[where] for where in wheres])

    def _borders(self, closed: dict[str, str], cut: list[str]) -> Ordered:
        """Close borders (Region -> to whom) and cut replication out of Regions."""
        before = {region: self._turned_away(region, caller) for region, caller in closed.items()}

        def order() -> None:
            for region, caller in closed.items():
                self.faults.close_border(region, [caller])
            for region in cut:
                self.faults.cut_replication(region)

        def take_back() -> None:
            for region in closed:
                self.faults.close_border(region, [])
            for region in cut:
                self.faults.cut_replication(region, cut=False)

        def restored() -> bool:
            still_cut = any(row["cut"] for row in self.faults.replication()["directions"] if row["source"] in cut)
            return not still_cut and not any(self.faults.border(region)["closed_to"] for region in closed)

        def measure(during: Sequence[Sample]) -> Effect:
            turned = {r: self._turned_away(r, caller) - before[r] for r, caller in closed.items()}
            held = {region: max((s.behind.get(region, 0) for s in during), default=0) for region in cut}
            said = [f"{region} turned {count} requests of {closed[region]} away" for region, count in turned.items()]
            said += [f"up to {count} changes of {region} were held up" for region, count in held.items()]
            return "; ".join(said), all((*turned.values(), *held.values()))

        return Ordered(order, take_back, restored, measure)

    def _control_table_cut_off(self, regions: list[str]) -> Ordered:
        before = {region: self._turned_away(GLOBAL, region) for region in regions}

        def measure(_: Sequence[Sample]) -> Effect:
            turned = {region: self._turned_away(GLOBAL, region) - before[region] for region in regions}
            said = [f"the control table turned {count} requests of {region} away" for region, count in turned.items()]
            return "; ".join(said), all(turned.values())

        return Ordered(
            lambda: _done(self.faults.cut_off_from_control_table(*regions)),
            lambda: _done(self.faults.cut_off_from_control_table()),
            lambda: not self.faults.border(GLOBAL)["closed_to"],
            measure,
        )

    def _turned_away(self, region: str, caller: str) -> int:
        return int(self.faults.border(region)["turned_away"].get(caller, 0))

    def _reshaped(self, fault: ReplicationShaped, seed: int) -> Ordered:
        def counts() -> dict[str, int]:
            rows = self.faults.replication()["directions"]
            return {name: sum(row[name] for row in rows) for name in ("out_of_order", "duplicates", "replicated")}

        before = counts()

        def order() -> None:
            self.faults.shape_replication(
                median_seconds=fault.median_seconds,
                p99_seconds=fault.p99_seconds,
                duplicate_share=fault.doubled_share,
                seed=seed,
            )

        def measure(during: Sequence[Sample]) -> Effect:
            now = {name: count - before[name] for name, count in counts().items()}
            held = max((sum(sample.behind.values()) for sample in during), default=0)
            said = f"up to {held} changes on their way at once, {now['out_of_order']} arrived out of order"
            doubled = now["duplicates"] > 0 or not fault.doubled_share
            return f"{said}, {now['duplicates']} again", held > 0 and now["out_of_order"] > 0 and doubled

        return Ordered(order, self.faults.restore_replication, lambda: self._has_default_shape(), measure)

    def _has_default_shape(self) -> bool:
        usual = DEFAULT_SHAPE
        rows = self.faults.replication()["directions"]
        return all((row["median_seconds"], row["cut"]) == (usual.median_seconds, False) for row in rows)

    # -- what runs in a Region

    def _workers_killed(self, fault: WorkersKilled, region: str) -> Ordered:
        stop, killed = threading.Event(), [0, 0]

        def kill() -> None:
            for _ in range(fault.times):
                if stop.is_set():
                    return
                killed[0] += self.faults.kill_workers(region)
                killed[1] += 1
                stop.wait(fault.every_seconds)

        thread = threading.Thread(target=kill, daemon=True)

        def take_back() -> None:
            stop.set()
            thread.join(10)

        def measure(_: Sequence[Sample]) -> Effect:
            return f"{killed[0]} workers' processes killed at {killed[1]} moments", killed[0] > 0

        return Ordered(thread.start, take_back, lambda: not thread.is_alive(), measure)

    def _messages_spoilt(self, fault: MessagesSpoilt, seed: int) -> Ordered:
        regions = [place.name for place in self.cloud.layout.regions]
        shares = {"lost": fault.lost, "doubled": fault.doubled, "late": fault.late}
        wanted = [name for name, share in shares.items() if share]

        def befell() -> dict[str, int]:
            rows = [self.faults.queues(region)["befell"] for region in regions]
            return {name: sum(row.get(name, 0) for row in rows) for name in wanted}

        before = befell()

        def order() -> None:
            for number, region in enumerate(regions):
                self.faults.spoil_queues(region, shares, QUEUES, seed + number)

        def take_back() -> None:
            for region in regions:
                self.faults.spoil_queues(region, {}, [])

        def measure(_: Sequence[Sample]) -> Effect:
            now = {name: count - before[name] for name, count in befell().items()}
            return ", ".join(f"{count} messages {name}" for name, count in now.items()), all(now.values())

        def restored() -> bool:
            rows = [self.faults.queues(region) for region in regions]
            return not any(row["shares"] or row["kept_back"] for row in rows)

        return Ordered(order, take_back, restored, measure)

    def _throttled(self, region: str, share: float, seed: int) -> Ordered:
        before = int(self.faults.border(region)["throttled"])

        def measure(_: Sequence[Sample]) -> Effect:
            count = int(self.faults.border(region)["throttled"]) - before
            return f"{count} calls of functions to the table refused", count > 0

        return Ordered(
            lambda: _done(self.faults.throttle_table(region, share, seed)),
            lambda: _done(self.faults.throttle_table(region, 0.0)),
            lambda: self.faults.border(region)["throttled_share"] == 0,
            measure,
        )

    def _answers_lost(self, region: str, share: float, seed: int) -> Ordered:
        before = int(self.faults.border(region)["lost"])

        def measure(_: Sequence[Sample]) -> Effect:
            count = int(self.faults.border(region)["lost"]) - before
            return f"{count} answers of {region} were lost", count > 0

        return Ordered(
            lambda: _done(self.faults.lose_answers(region, share, seed)),
            lambda: _done(self.faults.lose_answers(region, 0.0)),
            lambda: self.faults.border(region)["lost_share"] == 0,
            measure,
        )

    def _model_spoilt(self, fault: ModelSpoilt, seed: int) -> Ordered:
        before = self.faults.model()
        by_kind: dict[str, dict[str, float]] = {
            "slow": {"latency_ms": round(fault.seconds * 1000)},
            "failing": {"error_rate": fault.share, "error_status": 503},
            "throttling": {"throttle_rate": fault.share},
            "lying": {"lie_rate": fault.share},
        }
        counted = {"slow": "asked", "failing": "error", "throttling": "throttle", "lying": "lie"}[fault.how]

        def measure(_: Sequence[Sample]) -> Effect:
            count = self.faults.model()["counts"].get(counted, 0) - before["counts"].get(counted, 0)
            return f"{count} answers of the model were {fault.how}", count > 0

        return Ordered(
            lambda: _done(self.faults.model(**by_kind[fault.how], seed=seed)),
            lambda: _done(self.faults.model(**before["behaviour"])),
            lambda: self.faults.model()["behaviour"] == before["behaviour"],
            measure,
        )

    def _clock_skewed(self, region: str, seconds: float) -> Ordered:
        """Seen in the Region's own heartbeat, which it writes every few seconds by its clock."""
        place, ahead = self.cloud.layout.emulator(region), [0.0]

        def beat_is_ahead() -> float:
            key = {"pk": {"S": f"REGION#{region}"}, "sk": {"S": "HEARTBEAT"}}
            client = admin_client("dynamodb", region, place.url, read_seconds=30.0)
            item = client.get_item(TableName=TABLE, Key=key)["Item"]
            return to_datetime(item["at"]["S"]).timestamp() - time.time()

        def take_back() -> None:
            try:
                ahead[0] = beat_is_ahead()
            finally:
                self.faults.skew_clock(region, 0.0)

        def measure(_: Sequence[Sample]) -> Effect:
            # A heartbeat is some seconds old when it is looked at: so a clock that is behind looks so by some more.
            seen = abs(ahead[0] - seconds) < abs(seconds) / 2
            return f"the last heartbeat of {region} was {ahead[0]:+.0f} s off", seen

        return Ordered(
            lambda: _done(self.faults.skew_clock(region, seconds)),
            take_back,
            lambda: self.faults.clock(region) == 0,
            measure,
        )


SECONDS_OF_A_RETURN = 8.0
SECONDS_UNTIL_A_DEPLOY_GIVES_UP = 120.0


def _done(_: Any) -> None:
    """What was answered is of no interest."""


def _ignoring_failure(act: Callable[[], object]) -> Callable[[], None]:
    def quietly() -> None:
        try:
            act()
        except Exception:  # noqa: BLE001 - it is made to fail, in whatever way
            return

    return quietly
