"""An ordinary model that uses every call: parameters, mounted states, training, a new state.

Proves the whole of a healthy conversation. Keys: `weight` (f32) and `meta` (JSON).
"""
import json
import numpy as np
from decthings_api import DecthingsTensor
from decthings_model import make_model


async def read_scalar(params, name, fallback):
    loader = params.get(name)
    if loader is None or loader.size() == 0:
        return fallback
    tensors = await loader.next(1)
    return tensors[0].item()


class Scaler:
    """One weight: y = weight * x. Trained by averaging y/x."""

    def __init__(self, weight, meta):
        self.weight = weight
        self.meta = meta

    async def evaluate(self, options):
        xs = options.params["x"]
        out = []
        while xs.has_next():
            for t in await xs.next(2):
                scaled = np.asarray(t.numpy() * self.weight, dtype="<f4")
                out.append(DecthingsTensor(scaled, "f32", t.shape()))
        return [{"name": "y", "data": out}]

    async def train(self, options):
        xs, ys = options.params["x"], options.params["y"]
        stop = []
        options.tracker.on_cancel(lambda: stop.append(True))
        seen, total = 0, xs.size()
        while xs.has_next() and not stop:
            x = (await xs.next(1))[0].numpy()
            y = (await ys.next(1))[0].numpy()
            self.weight = float(np.mean(y / x))
            seen += 1
            loss = np.asarray(np.mean((y - self.weight * x) ** 2), dtype="<f4")
            options.tracker.metrics([("loss", DecthingsTensor(loss, "f32", []))])
            options.tracker.progress(seen / total)
        self.meta["steps"] = self.meta.get("steps", 0) + seen

    def getModelState(self, options):
        options.state_provider.provide_all([
            {"key": "weight", "data": np.float32(self.weight).tobytes()},
            {"key": "meta", "data": json.dumps(self.meta).encode()},
        ])


class Entry:
    async def createModelState(self, options):
        weight = float(await read_scalar(options.params, "weight", 1.0))
        label = await read_scalar(options.params, "label", "untitled")
        meta = {"label": label, "parents": {}}
        for model_id, other in options.other_models.items():
            raw = await other.state["weight"].read()
            meta["parents"][model_id] = other.mount_path
            weight += float(np.frombuffer(raw, "<f4")[0])
        options.state_provider.provide("weight", np.float32(weight).tobytes())
        options.state_provider.provide("meta", json.dumps(meta).encode())

    async def instantiateModel(self, options):
        raw = await options.state["weight"].read()
        meta = json.loads(await options.state["meta"].read())
        return Scaler(float(np.frombuffer(raw, "<f4")[0]), meta)


model = make_model(Entry())
