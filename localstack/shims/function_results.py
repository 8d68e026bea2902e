"""What comes back from a function's process: its log at once, the type of its error, and the process itself.

The emulator waits 50 ms for the log of a function that wrote none, because it cannot tell when a log is complete; here
the process marks the end of each invocation. It reports every exception as `Runtime.HandlerError`; AWS names
the exception's class, which Step Functions' Catch and our alarms look at. And it ends the process after an
exception that the handler raised; AWS keeps the environment.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Any

from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, wrap

_RUNTIME = "core.lambda_runtime"
_SCRIPT = Target(_RUNTIME, "_PYTHON_WORKER_SCRIPT", "368800addf4dc998")
_INVOKE = Target(_RUNTIME, "Worker.invoke", "96751a75471021ec")
_DRAIN = Target(_RUNTIME, "Worker._drain_stderr_bounded", "3fd7cc742872e604")
_EXECUTE = Target("services.lambda_svc", "_execute_function_warm", "62b9218bef5b948a")

_END_OF_INVOCATION = "\x1eend of invocation\x1e"
_LONGEST_WAIT_FOR_A_LOG = 0.25

# Pieces of source for the process that runs the handler, and for what reads its answer.
_MARK_THE_END = f"""\
        sys.__stderr__.write(chr(10) + {_END_OF_INVOCATION!r} + chr(10))
        sys.__stderr__.flush()
"""
_STACK_TRACE = '**({"stackTrace": result["trace"].splitlines(True)} if "trace" in result else {})'


def install(_: Neighbourhood) -> None:
    edit(
        _SCRIPT,
        ('"error": str(e), "trace": traceback', '"error": str(e), "type": type(e).__name__, "trace": traceback'),
        ("        _real_stdout.flush()\n\nrun()", f"{_MARK_THE_END}        _real_stdout.flush()\n\nrun()"),
    )
    edit(
        _INVOKE,
        ('if response.get("status") == "error":', 'if response["status"] == "error" and "trace" not in response:'),
    )
    wrap(_DRAIN, _up_to_the_mark)
    edit(
        _EXECUTE,
        ('error_type = "Runtime.HandlerError"', 'error_type = result.get("type") or "Runtime.HandlerError"'),
        ('"errorType": error_type,', f'"errorType": error_type, {_STACK_TRACE},'),
    )


def _up_to_the_mark(drain: Callable[..., str]) -> Callable[..., str]:
    def drain_stderr(worker: Any) -> str:
        if not str(worker.config.get("Runtime", "")).startswith("python"):
            return drain(worker)
        if worker._proc is None:  # it is dead: all that it wrote arrives without a mark
            worker._stderr_thread.join(_LONGEST_WAIT_FOR_A_LOG)
            return str(worker._drain_stderr())
        lines: list[str] = []
        deadline = time.monotonic() + _LONGEST_WAIT_FOR_A_LOG
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = worker._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line == _END_OF_INVOCATION:
                break
            lines.append(line)
        if lines and not lines[-1]:
            lines.pop()  # the line break before the mark
        return "\n".join(lines)

    return drain_stderr
