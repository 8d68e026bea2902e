"""How long a client waits for the 202 of a submit, beside the emulator's call of a Lambda function that does nothing.

Both by turns in one run. A submit goes through API Gateway, which calls a function of its own, and writes the job in
both Regions and a hint on its lane before it is answered; the bare call is the floor under all that.
"""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks.in_cloud import BenchedCloud, benched_cloud
from tests.benchmarks.report import Line

CALLS = 200
#: Calls of each kind before it counts: they start processes, and open connections.
WARM_UP = 10
_NOTHING = 'def handle(event, context):\n    print("called")\n    return {}\n'


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@contextmanager
def bare_function(cloud: BenchedCloud, region: str) -> Iterator[Callable[[], None]]:
    """A function that does nothing, and what calls it."""
    client, name = cloud.admin("lambda", region), "bench-nothing"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("nothing.py", _NOTHING)
    role = client.get_function_configuration(FunctionName="antipode-local-submit-job")["Role"]
    form: dict[str, Any] = {"Runtime": "python3.13", "Handler": "nothing.handle", "MemorySize": 512}
    client.create_function(FunctionName=name, Role=role, Code={"ZipFile": packed.getvalue()}, **form)

    def call() -> None:
        assert json.load(client.invoke(FunctionName=name, Payload=b"{}")["Payload"]) == {}

    try:
        yield call
    finally:
        client.delete_function(FunctionName=name)


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def lines() -> list[Line]:
    """Measure and return what to print."""
    cloud = benched_cloud()
    region = cloud.regions[0]

    def submit() -> None:
        cloud.submit(region, input={"steps": 1, "milliseconds": 0})

    with bare_function(cloud, region) as call_bare:
        for _ in range(WARM_UP):
            submit()
            call_bare()
        pairs = [(seconds_of(submit) * 1000, seconds_of(call_bare) * 1000) for _ in range(CALLS)]
    submits, bare = ([pair[place] for pair in pairs] for place in (0, 1))
    found = []
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        ours, floor = percentile(submits, share), percentile(bare, share)
        spread = f"{min(submits):.1f} to {max(submits):.1f}, {CALLS} calls"
        found.append(Line(f"submit, {name}", ours, "ms", spread, digits=1))
        spread = f"{min(bare):.1f} to {max(bare):.1f}, {CALLS} calls"
        found.append(Line(f"the emulator's bare Lambda call, {name}", floor, "ms", spread, digits=1))
        found.append(Line(f"submit by bare call, {name}", ours / floor, "times"))
    return [*found, Line("the machine's load", os.getloadavg()[0], "", f"{os.cpu_count()} cores")]
