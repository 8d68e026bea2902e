"""For tests of agents: the real runtime in one process and in virtual time. Nothing that runs in the cloud needs it."""

from functions.sdk.testing.crash_everywhere import CrashReport, crash_everywhere
from functions.sdk.testing.run_agent import Run, Step, run
from functions.sdk.testing.scripts import NOBODY, Decision
from functions.sdk.testing.virtual_time import pass_time

__all__ = ["NOBODY", "CrashReport", "Decision", "Run", "Step", "crash_everywhere", "pass_time", "run"]
