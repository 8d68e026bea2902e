"""One direction of the link: takes changes of one Region as they fall due and writes them into its peer.

Last writer wins by version. A change is written on the condition that the peer's item is as the change found it, so the
usual case needs no read; if the item is otherwise, the peer's stream is read to its end and the versions decide.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from localstack.replication.change import Change, fingerprint
from localstack.replication.echoes import Echoes
from localstack.replication.ledger import WriterLedger
from localstack.replication.replica import Replica, Unreachable
from localstack.replication.shape import Delivery, DeliveryQueue, Shape

_CHANGES_HELD = 20_000
_BYTES_HELD = 128 * 1024 * 1024
_RETRY_SECONDS = 0.25
_OVERWRITES_TRIED = 5
_LAGS_KEPT = 2_000


@dataclass(slots=True)
class Counts:
    replicated: int = 0
    deleted: int = 0
    already_there: int = 0
    """The peer had the very same image: a write made directly in both Regions, or one delivered before."""
    superseded: int = 0
    """The peer's own write was later and won."""
    duplicates: int = 0
    out_of_order: int = 0
    """Arrived after a change that was made later, of another item."""
    lost_with_region: int = 0
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=_LAGS_KEPT))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What both directions share. `lock` guards the ledger, the echoes and both queues."""

    lock: threading.Lock
    ledger: WriterLedger
    echoes: Echoes


class Direction:
    def __init__(
        self, source: str, target: Replica, shape: Shape, shared: Surroundings, read_target_through: Callable[[], bool]
    ) -> None:
        self.source = source
        self.target = target
        self.counts = Counts()
        self.error = ""
        self.delivering = threading.Lock()
        """Held while one change is being delivered; whoever holds it keeps the direction still."""
        self._shared = shared
        self._queue = DeliveryQueue(shape)
        self._changed = threading.Condition(shared.lock)
        self._read_target_through = read_target_through
        self._source_frozen = False
        self._target_lost = False
        self._stopping = False
        self._unmeasured: set[int] = set()
        self._latest_position = -1
        self._announced: set[int] = set()
        """Positions of changes that were tried and not settled: their writes may have been made."""
        self._thread = threading.Thread(target=self._run, name=f"deliver-to-{target.region}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    # -- what comes in (the caller holds the shared lock)

    def add(self, change: Change, *, measured: bool = True) -> None:
        if self._target_lost:
            return  # the refill will copy it
        if not measured:
            self._unmeasured.add(change.position)
        self._queue.add(change)
        self._changed.notify_all()

    @property
    def full(self) -> bool:
        return self._queue.unsettled >= _CHANGES_HELD or self._queue.bytes >= _BYTES_HELD

    # -- orders

    @property
    def shape(self) -> Shape:
        return self._queue.shape

    def reshape(self, shape: Shape) -> None:
        with self._changed:
            self._queue.reshape(shape)
            self._changed.notify_all()

    def freeze(self, frozen: bool) -> None:
        """A frozen Region sends nothing, not even what it had handed over already."""
        with self._changed:
            self._source_frozen = frozen
            self._changed.notify_all()

    def lose(self) -> int:
        """The source Region is gone, and with it what it had not sent yet."""
        with self.delivering, self._changed:
            lost = self._queue.unsettled
            self._forget()
            self._source_frozen = False
            self.counts.lost_with_region += lost
        return lost

    def await_refill(self) -> None:
        """The target Region is gone: until it is filled anew, nothing is sent to it and nothing kept for it."""
        with self.delivering, self._changed:
            self._target_lost = True
            self._forget()

    def begin_refill(self) -> None:
        """Keep what is written from now on; only for a caller that holds `delivering` until all is copied."""
        with self._changed:
            self._target_lost = False
            self._forget()

    def _forget(self) -> None:
        self._queue.clear()
        self._announced.clear()
        self._unmeasured.clear()

    def pending(self) -> int:
        with self._changed:
            return self._queue.unsettled

    # -- the deliverer

    def _run(self) -> None:
        while True:
            self._wait_until_due()
            if self._stopping:
                return
            with self.delivering:
                self._deliver_next()

    def _wait_until_due(self) -> None:
        with self._changed:
            while not self._stopping:
                due = self._queue.next_due()
                wait = 60.0
                if due is not None and not self._held():
                    wait = due - time.time()
                    if wait <= 0:
                        return
                self._changed.wait(wait)

    def _held(self) -> bool:
        return self._queue.shape.cut or self._source_frozen

    def _deliver_next(self) -> None:
        with self._changed:
            delivery = None if self._held() else self._queue.take_due(time.time())
            if delivery is None:
                return
            settled = self._needs_nothing(delivery)
        if settled:
            return
        try:
            replaced = self._write(delivery.change)
        except Unreachable as error:
            with self._changed:
                self.error = str(error)
                self._queue.put_back(delivery)
                self._changed.wait(_RETRY_SECONDS)
            return
        with self._changed:
            self.error = ""
            self._settle(delivery, replaced)

    def _needs_nothing(self, delivery: Delivery) -> bool:
        change = delivery.change
        if self._queue.overtaken(delivery):
            self.counts.duplicates += 1
        elif self._peer_is_newer(change):
            self.counts.superseded += 1
        else:
            return False
        self._queue.settle(delivery)
        return True

    def _settle(self, delivery: Delivery, replaced: bool | None) -> None:
        change = delivery.change
        match replaced:
            case None:
                self.counts.superseded += 1
            case False:
                self.counts.already_there += 1
            case True:
                self.counts.replicated += 1
                self.counts.deleted += change.new is None
        self.counts.out_of_order += change.position < self._latest_position and not delivery.duplicate
        self._latest_position = max(self._latest_position, change.position)
        if change.position in self._unmeasured:
            self._unmeasured.discard(change.position)
        elif not delivery.duplicate and replaced is not None:
            self.counts.lags.append(time.time() - change.version.milliseconds / 1000)
        self._queue.settle(delivery)

    def _peer_is_newer(self, change: Change) -> bool:
        newest = self._shared.ledger.newest(change.item, self.target.region)
        return newest is not None and newest > change.version

    # -- one write

    def _write(self, change: Change) -> bool | None:
        """True: the peer's item changed. False: it was so already. None: the peer's own newer write stays."""
        tried_before = self._announce(change)
        written, found = self.target.apply(change)
        for _ in range(_OVERWRITES_TRIED):
            if written or fingerprint(found) == change.fingerprint:
                break
            if not self._read_target_through():
                raise Unreachable("the peer's own writes could not be read, so nobody knows which came last")
            with self._shared.lock:
                if self._peer_is_newer(change):
                    self._withdraw(change, tried_before)
                    return None
            written, found = self.target.overwrite(change, found)
        else:
            raise Unreachable("the item changes faster than it can be written")
        changed = fingerprint(found) != change.fingerprint
        with self._shared.lock:
            if changed:
                self._announced.discard(change.position)
            else:
                self._withdraw(change, tried_before)
        return changed

    def _announce(self, change: Change) -> bool:
        """Tell whether the change was announced by an earlier try, after which nobody knows if it was written."""
        with self._shared.lock:
            if change.position in self._announced:
                return True
            self._announced.add(change.position)
            self._shared.echoes.expect(self.target.region, change.item, change.fingerprint)
            return False

    def _withdraw(self, change: Change, tried_before: bool) -> None:
        self._announced.discard(change.position)
        if not tried_before:
            self._shared.echoes.withdraw(self.target.region, change.item, change.fingerprint)
