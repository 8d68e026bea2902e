"""The archiver: started once an hour, it moves histories of jobs that ended long ago from the table to S3."""

import asyncio

from functions.bootstrap import runtime

#: Beside the function's own 900: what is under way then must come to its end.
RUN_SECONDS = 780.0


def handle(event: object, context: object) -> None:
    """Lambda's entry point."""
    log = runtime().log
    archive = runtime().archive_jobs
    log.say("archiving", on=archive is not None)
    if archive is not None:
        came_through = asyncio.run(archive.run(RUN_SECONDS, log.say))
        log.count({"archive_runs_refused": int(not came_through)})  # of which `stacks/constructs/alarms.py` tells
