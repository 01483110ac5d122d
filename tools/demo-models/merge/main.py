"""Merges two models of the minilm family: the weighted mean of their weights, as is done with fine-tuned siblings.

createModelState needs exactly two mounted models, each with its files (main.py and labels.txt are read) and with a state that
holds `config` and the blocks which that names (see minilm). Parameter, optional:

    ratio  float scalar from 0 to 1, default 0.5: the second model's share, the order being that of the mounts

The state has the keys of its parents, `labels` (the parents' labels, each once) and `meta` with the parents. A block that is the
same in both is passed on as it is, so that it is stored only once.
"""

import json
import os

import numpy as np
from decthings_api import DecthingsTensor
from decthings_model import make_model


class Parent:
    def __init__(self, model_id, mounted):
        self.model_id = model_id
        self.state = mounted.state
        self.labels = self.read_file(mounted.mount_path, "labels.txt").decode().split()
        self.code_size_bytes = len(self.read_file(mounted.mount_path, "main.py"))

    def read_file(self, folder, name):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                return file.read()
        except OSError as error:
            raise FileNotFoundError(f"cannot read `{name}` of the mounted model {self.model_id}: {error.strerror}") from error

    async def read(self, key):
        if key not in self.state:
            raise KeyError(f"the state of the mounted model {self.model_id} lacks the key `{key}`")
        return await self.state[key].read()


def merged(first, second, block, ratio):
    """The weighted mean of a block's fp32 weights; other tensors (positions) are the first parent's."""
    if first == second:
        return first
    values = bytearray(first)
    for tensor in block["tensors"]:
        if tensor["type"] != "F32":
            continue
        count, offset = tensor["sizeBytes"] // 4, tensor["offset"]
        weights = np.frombuffer(values, "<f4", count, offset)
        weights *= np.float32(1) - ratio
        weights += ratio * np.frombuffer(second, "<f4", count, offset)
    return bytes(values)


async def read_ratio(params):
    loader = params.get("ratio")
    ratio = 0.5 if loader is None or loader.size() == 0 else (await loader.next(1))[0].item()
    if not 0 <= ratio <= 1:
        raise ValueError(f"the parameter `ratio` is {ratio}; it must lie between 0 and 1")
    return np.float32(ratio)


class Report:
    """A merged state that was loaded: tells of what it was made."""

    def __init__(self, meta, labels):
        self.meta = meta
        self.labels = labels

    def evaluate(self, options):
        shares = np.asarray([parent["share"] for parent in self.meta["parents"]], dtype="<f4")
        return [
            {"name": "shares", "data": [DecthingsTensor(shares, "f32", [len(shares)])]},
            {"name": "labels", "data": [DecthingsTensor(self.labels, "string", [len(self.labels)])]},
        ]


class Entry:
    async def createModelState(self, options):
        ratio = await read_ratio(options.params)
        if len(options.other_models) != 2:
            raise ValueError(f"{len(options.other_models)} models are mounted; mount the two to merge")
        first, second = parents = [Parent(model_id, other) for model_id, other in options.other_models.items()]
        raw_config, header = await first.read("config"), await first.read("header")
        if raw_config != await second.read("config") or header != await second.read("header"):
            raise ValueError(f"the models {first.model_id} and {second.model_id} differ in their architecture")

        shares = [float(np.float32(1) - ratio), float(ratio)]
        origins = [json.loads(await parent.read("meta")) for parent in parents]
        meta = {
            "model": "merge",
            "generation": 1 + max(origin["generation"] for origin in origins),
            "parents": [
                {
                    "modelId": parent.model_id,
                    "share": share,
                    "labels": parent.labels,
                    "codeSizeBytes": parent.code_size_bytes,
                    "meta": origin,
                }
                for parent, share, origin in zip(parents, shares, origins)
            ],
        }
        provide = options.state_provider.provide
        provide("meta", json.dumps(meta).encode())
        provide("config", raw_config)
        provide("header", header)
        provide("labels", "\n".join(dict.fromkeys(first.labels + second.labels)).encode())
        for block in json.loads(raw_config)["blocks"]:
            key = block["key"]
            values = [await parent.read(key) for parent in parents]
            for parent, value in zip(parents, values):
                if len(value) != block["sizeBytes"]:
                    raise ValueError(f"`{key}` of the mounted model {parent.model_id} has {len(value)} bytes, not {block['sizeBytes']}")
            provide(key, merged(*values, block, ratio))

    async def instantiateModel(self, options):
        meta = json.loads(await options.state["meta"].read())
        labels = (await options.state["labels"].read()).decode().split("\n")
        return Report(meta, labels)


model = make_model(Entry())
