"""Reads the streams of one Region's tables, in a thread of its own, and hands over what clients wrote."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from localstack.replication.change import Change
from localstack.replication.replica import Replica, StreamEnded, Unreachable

_RETRY_SECONDS = 0.5
#: So often streams are read that nobody has rung for.
_READ_ANYWAY_SECONDS = 1.0


@dataclass(slots=True)
class _Tail:
    stream_arn: str
    iterator: str
    last_sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Where to begin to follow a stream."""

    stream_arn: str
    iterator: str
    last_sequence: str | None


class StreamReader:
    def __init__(
        self,
        replica: Replica,
        take: Callable[[list[Change]], None],
        may_read: Callable[[], bool],
        interval: Callable[[], float],
        rung: Callable[[], int] | None = None,
    ) -> None:
        """`rung`: another number when there is something new (localstack/bell.py); without it all is read each time."""
        self.replica = replica
        self.reachable = True
        self._take = take
        self._may_read = may_read
        self._interval = interval
        self._rung = rung
        self._heard: int | None = None
        self._read_anyway_at = 0.0
        self._tails: dict[str, _Tail] = {}
        self._sweeps = 0
        self._state = threading.Condition()
        self._wanted = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"read-{replica.region}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._state:
            self._stopping = True
            self._state.notify_all()

    def follow(self, table: str, start: Start) -> None:
        """Read this stream from here on, in place of the table's earlier one."""
        with self._state:
            self._tails[table] = _Tail(start.stream_arn, start.iterator, start.last_sequence)
            self._wanted = True
            self._state.notify_all()

    def leave(self, table: str) -> None:
        with self._state:
            self._tails.pop(table, None)

    def follows(self, table: str) -> str | None:
        """The stream that is read for this table, if any."""
        with self._state:
            tail = self._tails.get(table)
            return tail.stream_arn if tail else None

    def read_through(self, timeout_seconds: float) -> bool:
        """Wait until everything that was written before now has been handed over."""
        deadline = time.monotonic() + timeout_seconds
        with self._state:
            # The sweep under way may have passed a table already; the one after it began later than this call.
            target = self._sweeps + 2
            while self._sweeps < target and not self._stopping:
                left = deadline - time.monotonic()
                if left <= 0 or not self._may_read():
                    return False
                self._wanted = True
                self._state.notify_all()
                self._state.wait(min(left, 0.1))
            return not self._stopping

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._sweep_if_there_is_reason()
                pause = self._interval()
            except Unreachable:
                self.reachable = False
                pause = _RETRY_SECONDS
            with self._state:
                if not self._wanted:
                    self._state.wait_for(lambda: self._wanted or self._stopping, pause)

    def _sweep_if_there_is_reason(self) -> None:
        """Sweep if somebody waits for it, the bell was rung since, or it is long ago."""
        with self._state:
            wanted, self._wanted = self._wanted, False
        rung = self._rung() if self._rung else None
        if not wanted and rung is not None and rung == self._heard and time.monotonic() < self._read_anyway_at:
            return
        if self._sweep():
            self._heard, self._read_anyway_at = rung, time.monotonic() + _READ_ANYWAY_SECONDS
            with self._state:
                self._sweeps += 1
                self._state.notify_all()
        self.reachable = True

    def _sweep(self) -> bool:
        """Read every stream once to its end. False: held back, because too much is on its way to the peer."""
        with self._state:
            tails = list(self._tails.items())
        for table, tail in tails:
            more = True
            while more:
                if not self._may_read():
                    return False
                more = self._read_page(table, tail)
        return True

    def _read_page(self, table: str, tail: _Tail) -> bool:
        try:
            changes, following = self.replica.read(table, tail.iterator)
        except StreamEnded:
            return self._renew(table, tail)
        if changes:
            tail.last_sequence = changes[-1].sequence
            self._take(changes)
        if following is None:
            self._leave(table, tail)
            return False
        tail.iterator = following
        return bool(changes)

    def _renew(self, table: str, tail: _Tail) -> bool:
        """An iterator expires when its Region was frozen for long; a stream that is gone is no longer followed."""
        try:
            tail.iterator = self.replica.iterator(
                tail.stream_arn, after=tail.last_sequence, oldest=tail.last_sequence is None
            )
        except StreamEnded:
            self._leave(table, tail)
            return False
        return True

    def _leave(self, table: str, tail: _Tail) -> None:
        with self._state:
            if self._tails.get(table) is tail:
                del self._tails[table]


def start_of(replica: Replica, table: str, stream_arn: str, take: Callable[[list[Change]], None]) -> Start:
    """Read a stream that nobody follows yet from its oldest record to its end, and tell where to go on."""
    iterator: str | None = replica.iterator(stream_arn, oldest=True)
    last_sequence: str | None = None
    while iterator is not None:
        changes, following = replica.read(table, iterator)
        if not changes and following is not None:
            return Start(stream_arn, following, last_sequence)
        if changes:
            last_sequence = changes[-1].sequence
            take(changes)
        iterator = following
    raise StreamEnded(table)
