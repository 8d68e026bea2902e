"""The sentinel: started once a minute, sends heartbeats and watches the peer until the next one starts."""

import asyncio

from functions.bootstrap import runtime


def handle(event: object, context: object) -> None:
    """Lambda's entry point."""
    log = runtime().log
    log.say("watching", peer=runtime().settings.peer_region)
    asyncio.run(runtime().watch_regions.run(runtime().settings.loop_seconds, log.say))
