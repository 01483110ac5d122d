"""Makes the models that are read: prepare.py URL WEIGHTS SMALL_BYTES; prints their ids as JSON."""

import json
import os
import sys
from pathlib import Path

from decthings_api.client_sync import DecthingsClientSync


def answered(call):
    result, error = call
    if error is not None:
        sys.exit(f"the server refused: {error}")
    return result


def make(client: DecthingsClientSync, name: str, content: bytes) -> dict:
    options = {"type": "code", "language": "python", "preset": "none"}
    model = answered(client.model.create_model({"name": name, "description": "read by the benchmark", "options": options}))
    state = answered(
        client.model.upload_state({"modelId": model["modelId"], "name": "v1", "data": [{"key": "weights", "data": content}]}))
    return {"modelId": model["modelId"], "stateId": state["stateId"]}


url, weights, small_bytes = sys.argv[1:]
client = DecthingsClientSync(http_server_address=url)
print(json.dumps({
    "large": make(client, "large", Path(weights).read_bytes()),
    "small": make(client, "small", os.urandom(int(small_bytes))),
}))
