"""Started once a minute, it fires schedules at their moments until the next one starts."""

import asyncio

from functions.bootstrap import runtime


def handle(event: object, context: object) -> None:
    """Lambda's entry point."""
    log = runtime().log
    log.say("firing", adoption=runtime().settings.adoption)
    asyncio.run(runtime().keep_firing.run(runtime().settings.loop_seconds, log.say))
