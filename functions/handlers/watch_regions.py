"""The sentinel: started once a minute, beats, watches the peer and samples the lanes until the next one starts."""

import asyncio

from functions.bootstrap import runtime


def handle(event: object, context: object) -> None:
    """Lambda's entry point."""
    log = runtime().log
    log.say("watching", peer=runtime().settings.peer_region)
    asyncio.run(_run())


async def _run() -> None:
    seconds, say = runtime().settings.loop_seconds, runtime().log.say
    await asyncio.gather(runtime().watch_regions.run(seconds, say), runtime().sample_lanes.run(seconds, say))
