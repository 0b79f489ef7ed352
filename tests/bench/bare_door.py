"""The least that a door can do: bytes in, Kafka's acknowledgement out; no check, no key, no privacy, no limits.

`python -m tests.bench.bare_door PORT BROKERS`: what the collector is measured beside.
"""

import asyncio
import sys

import orjson
import uvloop
from aiohttp import web
from aiokafka import AIOKafkaProducer

from schemas.topics import EVENTS


async def main(port: int, brokers: str) -> None:
    """Listen until killed."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all", enable_idempotence=True, linger_ms=2)
    await producer.start()

    async def take(request: web.Request) -> web.Response:
        waiting = []
        for event in orjson.loads(await request.read()):
            waiting.append(await producer.send(EVENTS.name, orjson.dumps(event), event["site"].encode()))
        await asyncio.gather(*waiting)
        return web.Response(status=202)

    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/v1/events", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
