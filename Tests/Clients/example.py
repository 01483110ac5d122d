"""The example of the API's page for createState: run it with the server's address, a key (or -) and a model's id."""

import sys

import numpy as np
from decthings_api import DecthingsClientSync, DecthingsTensor

address, key, model_id = sys.argv[1:4]
client = DecthingsClientSync(None if key == "-" else key, http_server_address=address)

result, error = client.model.create_state({
    "modelId": model_id,
    "name": "My new state",
    "params": [{"name": "factor", "data": [DecthingsTensor(np.array(3.5, dtype="<f4"), "f32", [])]}],
    "executionLocation": {"type": "temporaryLauncher", "spec": {"cpus": 1, "memoryMebibytes": 512}},
})
if error:
    sys.exit(f"refused: {error}")
if "failed" in result:
    sys.exit(f"failed: {result['failed']['error']}")
print(result["success"]["stateId"])
