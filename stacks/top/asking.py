"""Asks both Regions again and again, each in a thread of its own: one that hangs holds up nobody, not even the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from stacks.api_client import ApiError
from stacks.top.seen import Answered

#: A Region that has not answered for so long is said to be silent, though the request may still be under way.
SILENT_SECONDS = 4.0


class Asked(Protocol):
    """A client of one Region."""

    def regions(self) -> dict[str, object]:
        """Return its GET /v1/regions. Raises ApiError."""


class Asking:
    """Asks every `pause` seconds. `clients` has one for each Region, at its own address."""

    def __init__(self, clients: Mapping[str, Asked], pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._answers = {name: Answered() for name in clients}
        self._answered_at = dict.fromkeys(clients, clock())
        self._rounds = dict.fromkeys(clients, 0)
        self._end = threading.Event()

    def begin(self) -> None:
        """Start asking. The threads end with the process, whatever they wait for."""
        for name in self._clients:
            threading.Thread(target=self._keep_asking, args=(name,), daemon=True).start()

    def end(self) -> None:
        """Ask no more."""
        self._end.set()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._end.wait(seconds)

    def wait_for_all(self, seconds: float) -> None:
        """Wait until each Region has answered once, but no longer than this."""
        deadline = self._clock() + seconds
        while not all(self._rounds.values()) and self._clock() < deadline:
            self._end.wait(0.02)

    def answers(self) -> Mapping[str, Answered]:
        """Return what each Region has said."""
        with self._lock:
            now = self._clock()
            return {name: self._as_of(now, name, answer) for name, answer in self._answers.items()}

    def ask(self, name: str) -> None:
        """Ask one Region once."""
        try:
            body = self._clients[name].regions()
        except ApiError as error:
            with self._lock:
                self._answers[name] = replace(self._answers[name], trouble=str(error))
        else:
            with self._lock:
                self._answers[name], self._answered_at[name] = Answered(body), self._clock()
        self._rounds[name] += 1

    def _as_of(self, now: float, name: str, answer: Answered) -> Answered:
        age = now - self._answered_at[name]
        if answer.trouble is None and age > SILENT_SECONDS + self._pause:
            answer = replace(answer, trouble=f"no answer for {age:.0f} s")
        return replace(answer, age=age)

    def _keep_asking(self, name: str) -> None:
        while not self._end.is_set():
            self.ask(name)
            self._end.wait(self._pause)
