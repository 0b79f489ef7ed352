"""The Faust agents: each hands the chunks of its topic to the stepper, which acknowledges them last."""

from typing import Any

import faust

from streams.agents.stepper import Stepper
from streams.app import Chunk


def follow(app: faust.App, topic: Any, name: str, stepper: Stepper) -> Any:
    """An agent over one topic; nothing is raised in it, and nothing acknowledged but by the stepper."""

    @app.agent(topic, name=name, concurrency=1)
    async def following(stream: Any) -> None:
        async for event in stream.noack().events():
            chunk: Chunk = event.message.value

            async def acknowledge(event: Any = event) -> None:
                await stream.ack(event)

            await stepper.offer(chunk.records, acknowledge)

    return following
