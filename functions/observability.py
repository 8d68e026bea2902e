"""What the functions say of themselves: one JSON object a line, and metrics in CloudWatch's embedded format.

Its own file, and not the Powertools Logger and Metrics, because every function starts with it: those two cost about
100 ms of CPU at each cold start, a third of what a whole boto3 with two clients does. The lines have Powertools'
shape (`level`, `message`, `timestamp`, `service`), so the same queries read them.
"""

import json
import sys
import traceback
from collections.abc import Callable, Mapping

from functions.domain.moments import to_datetime

SERVICE = "antipode"
NAMESPACE = "Antipode"


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class EventLog:
    """The log of one process. `now` gives the moment; `always` is on every line."""

    def __init__(
        self, now: Callable[[], str], always: Mapping[str, str], write: Callable[[str], None] = _to_stdout
    ) -> None:
        self._now = now
        self._always = dict(always)
        self._write = write

    def say(self, event: str, *, level: str = "INFO", **fields: object) -> None:
        """Write that something happened."""
        line = {"level": level, "message": event, "timestamp": self._now(), "service": SERVICE}
        self._emit({**line, **self._always, **fields})

    def failed(self, event: str, error: BaseException, **fields: object) -> None:
        """Write that something failed that should not have, with its traceback."""
        trace = "".join(traceback.format_exception(error))
        self.say(event, level="ERROR", error=f"{type(error).__name__}: {error}", traceback=trace, **fields)

    def count(self, metrics: Mapping[str, int], **dimensions: str) -> None:
        """Write counts that CloudWatch turns into metrics; they sum up by `dimensions` and the environment."""
        moment = self._now()
        named = {**self._always, **dimensions}
        names = ["environment", *dimensions]
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [names],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
        }
        stamp = int(to_datetime(moment).timestamp() * 1000)
        head = {"level": "INFO", "message": "counted", "timestamp": moment, "service": SERVICE}
        self._emit({**head, **named, **metrics, "_aws": {"Timestamp": stamp, "CloudWatchMetrics": [directive]}})

    def measure(self, metrics: Mapping[str, float], *, unit: str) -> None:
        """Write numbers of a unit that CloudWatch knows, for example Seconds; it makes percentiles of them."""
        moment = self._now()
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["environment"]],
            "Metrics": [{"Name": name, "Unit": unit} for name in metrics],
        }
        stamp = int(to_datetime(moment).timestamp() * 1000)
        head = {"level": "INFO", "message": "measured", "timestamp": moment, "service": SERVICE}
        self._emit({**head, **self._always, **metrics, "_aws": {"Timestamp": stamp, "CloudWatchMetrics": [directive]}})

    def _emit(self, line: Mapping[str, object]) -> None:
        self._write(json.dumps(line, default=str, separators=(",", ":")))
