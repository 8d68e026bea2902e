"""What comes back from a function's process (shims/function_results.py)."""

from __future__ import annotations

import base64
import time

from tests.integration.emulator.processes import Emulators
from tests.integration.emulator.shim_proof import needs_its_shim

COUNTS_AND_FAILS_ON_REQUEST = """
    import sys

    class QuotaExceeded(Exception):
        pass

    calls = 0

    def handler(event, context):
        global calls
        calls += 1
        if event.get("say"):
            print(event["say"])
            sys.stderr.write("no line break")
        if event.get("fail"):
            raise QuotaExceeded("no more")
        return calls
"""


@needs_its_shim
def test_an_error_is_named_after_its_class(either: Emulators) -> None:
    either.function("names-errors", COUNTS_AND_FAILS_ON_REQUEST)

    error, reply = either.invoke("names-errors", {"fail": True})

    assert reply["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("QuotaExceeded", "no more")
    assert "raise QuotaExceeded" in "".join(error["stackTrace"])


@needs_its_shim
def test_the_environment_outlives_an_exception_that_the_handler_raised(either: Emulators) -> None:
    either.function("lives-on", COUNTS_AND_FAILS_ON_REQUEST)

    assert either.invoke("lives-on", {})[0] == 1
    either.invoke("lives-on", {"fail": True})
    assert either.invoke("lives-on", {})[0] == 3


@needs_its_shim
def test_a_function_that_writes_no_log_is_not_waited_for(either: Emulators) -> None:
    either.function("silent", COUNTS_AND_FAILS_ON_REQUEST)
    either.invoke("silent", {})
    durations = []
    for _ in range(10):
        began = time.perf_counter()
        either.invoke("silent", {})
        durations.append(time.perf_counter() - began)

    assert min(durations) < 0.045  # the emulator alone never takes less than 50 ms


def test_a_log_holds_what_its_invocation_wrote_and_nothing_else(cloud: Emulators) -> None:
    cloud.function("talks", COUNTS_AND_FAILS_ON_REQUEST)

    logs = []
    for word in ("first", "", "second\n"):
        _, reply = cloud.invoke("talks", {"say": word}, LogType="Tail")
        logs.append(base64.b64decode(reply.get("LogResult", "")).decode())

    assert logs == ["first\nno line break", "", "second\n\nno line break"]


def test_a_process_that_died_is_reported_and_replaced(cloud: Emulators) -> None:
    dies = """
        import os, sys

        def handler(event, context):
            if event.get("die"):
                sys.stderr.write("last words")
                sys.stderr.flush()
                os._exit(1)
            return "alive"
    """
    cloud.function("dies", dies)

    error, reply = cloud.invoke("dies", {"die": True}, LogType="Tail")
    assert error["errorType"] == "Runtime.HandlerError"
    assert "last words" in base64.b64decode(reply["LogResult"]).decode()
    assert cloud.invoke("dies", {})[0] == "alive"
