"""Scheduled EventBridge rules start at once and then keep their rate.

The emulator looks every ten seconds and lets a new `rate(1 minute)` rule wait out its first minute, so a system that
was just deployed would stand still for a minute, and a rate of 60 seconds would often be one of 70. AWS fires within
the first minute and then at the rate. Here a rule fires within two seconds after it got its first target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, module, wrap

_TICK = Target("services.eventbridge", "_tick_scheduled_rules", "11eebed44e381089")
_SECONDS_BETWEEN_TICKS = 1


def install(_: Neighbourhood) -> None:
    module("services.eventbridge")._SCHEDULER_TICK_INTERVAL = _SECONDS_BETWEEN_TICKS
    wrap(_TICK, _start_at_once_and_keep_the_rate)


def _start_at_once_and_keep_the_rate(tick: Callable[[], None]) -> Callable[[], None]:
    events = module("services.eventbridge")
    started: set[tuple[Any, Any]] = set()

    def tick_scheduled_rules() -> None:
        before: dict[Any, tuple[float, int]] = {}
        for key, rule in list(events._rules._data.items()):
            seconds = events._parse_rate_seconds(rule.get("ScheduleExpression", ""))
            if seconds is None or not events._targets._data.get(key):
                continue
            incarnation = (key, rule.get("CreationTime"))
            if incarnation not in started:
                started.add(incarnation)
                events._rule_last_fired[key] = 0.0
            else:
                before[key] = (events._rule_last_fired.get(key, 0.0), seconds)
        tick()
        for key, (last, seconds) in before.items():
            fired = events._rule_last_fired.get(key, last)
            # The emulator notes when it looked; counting from there, every look that is late would shift the rate.
            if last < fired < last + 2 * seconds:
                events._rule_last_fired[key] = last + seconds

    return tick_scheduled_rules
