"""The sweeper: started once a minute, it looks for what is due, stalled or orphaned until the next one starts."""

import asyncio

from functions.bootstrap import runtime


def handle(event: object, context: object) -> None:
    """Lambda's entry point."""
    log = runtime().log
    log.say("sweeping", adoption=runtime().settings.adoption)
    asyncio.run(runtime().keep_sweeping.run(runtime().settings.loop_seconds, log.say))
