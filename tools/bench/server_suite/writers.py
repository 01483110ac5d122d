"""Uploads states for some seconds: writers.py URL WRITERS SECONDS SIZE_BYTES; prints how many, and their p99, as JSON."""

import asyncio
import json
import os
import sys
import time

from decthings_api.client import DecthingsClient


def answered(call):
    result, error = call
    if error is not None:
        sys.exit(f"the server refused: {error}")
    return result


async def write(client: DecthingsClient, number: int, until: float, size_bytes: int) -> list[float]:
    """Each upload deletes the one before it, so that the model stays small."""
    options = {"type": "code", "language": "python", "preset": "none"}
    model = answered(await client.model.create_model({"name": f"writer-{number}", "description": "", "options": options}))
    before, times = [], []
    while time.monotonic() < until:
        data = [{"key": "weights", "data": os.urandom(size_bytes)}]
        started = time.monotonic()
        state = answered(await client.model.upload_state(
            {"modelId": model["modelId"], "name": "v", "data": data, "deleteStates": before}))
        times.append((time.monotonic() - started) * 1000)
        before = [state["stateId"]]
    return times


async def main() -> None:
    url, writers, seconds, size_bytes = sys.argv[1], *map(int, sys.argv[2:])
    until = time.monotonic() + seconds
    client = DecthingsClient(http_server_address=url)
    lists = await asyncio.gather(*(write(client, number, until, size_bytes) for number in range(writers)))
    times = sorted(time for times in lists for time in times)
    print(json.dumps({"uploads": len(times), "upload_p99_ms": times[int(len(times) * 0.99)]}))


asyncio.run(main())
