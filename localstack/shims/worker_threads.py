"""CloudFormation resources whose handlers ask another emulator process run on a worker thread.

The emulator runs most handlers on its event loop. One that waits there for another process would stop this whole
Region, and two Regions deployed at the same moment would wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable

from localstack.shims.patching import Target, wrap

_RUNS_ON_WORKER_THREAD = Target("services.cloudformation.stacks", "_runs_on_worker_thread", "23955511141f8481")
_types: set[str] = set()


def run_on_worker_thread(*resource_types: str) -> None:
    if not _types:
        wrap(_RUNS_ON_WORKER_THREAD, _or_one_of_ours)
    _types.update(resource_types)


def _or_one_of_ours(runs_on_worker_thread: Callable[[str], bool]) -> Callable[[str], bool]:
    def also_ours(resource_type: str) -> bool:
        return resource_type in _types or runs_on_worker_thread(resource_type)

    return also_ours
