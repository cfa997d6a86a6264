"""A relay in a process of its own, for a test that stops it."""

import asyncio
import json
import sys

from services.chassis.outbox import Relay
from services.chassis.producer import Producer


async def main(options: dict[str, str]) -> None:
    """Relay until killed; a session that rests for two seconds is over."""
    producer = Producer(options["kafka"])
    await producer.start()
    relay = Relay(
        "orchestrator",
        options["url"],
        options["password"],
        producer,
        prefix=options["prefix"],
        poll=0.3,
        session_idle=2.0,
    )
    await relay.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
