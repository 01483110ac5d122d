"""Fine-tuning with a contrastive loss and AdamW, as sentence-transformers does it by default."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from bert import Architecture, Parameters, embed
from corpus import Corpus, Pair
from tokens import Tokens


@dataclass(frozen=True)
class Recipe:
    """All that decides what a run computes."""

    versions: int = 7
    steps_between_versions: int = 10
    pairs_per_step: int = 32
    tokens_per_text: int = 32
    learning_rate: float = 2e-5
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    temperature: float = 0.05
    held_out_pairs: int = 128
    seed: int = 20240917


@dataclass(frozen=True)
class Version:
    """A checkpoint of the run. Losses are means over the held-out pairs, and over the steps since the version before."""

    parameters: Parameters
    step: int
    held_out_loss: float
    training_loss: float | None
    seconds: float


Batch = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def decays(name: str) -> bool:
    """Biases and normalisations are not decayed, by custom."""
    return not name.endswith(".bias") and "LayerNorm" not in name


class Run:
    """One run. The parameters outside `trained` are frozen; the pooler is never trained, for the mean does not use it."""

    def __init__(
        self, recipe: Recipe, architecture: Architecture, tokens: Tokens, corpus: Corpus, start: Parameters, trained: Sequence[str]
    ) -> None:
        self.recipe = recipe
        self.tokens = tokens
        self.corpus = corpus
        self.frozen = {n: p for n, p in start.items() if n not in trained}
        self.parameters = {n: start[n] for n in trained}
        loss = functools.partial(contrastive_loss, architecture, recipe.temperature)
        self._loss = jax.jit(loss)
        self._step = jax.jit(functools.partial(adamw_step, recipe, jax.value_and_grad(loss)))

    def versions(self) -> Iterator[Version]:
        """The start, then a version every so many steps."""
        recipe = self.recipe
        moments = {n: (jnp.zeros_like(p), jnp.zeros_like(p)) for n, p in self.parameters.items()}
        began = time.monotonic()
        yield Version(self.parameters, 0, self.held_out_loss(), None, time.monotonic() - began)
        for version in range(1, recipe.versions):
            began = time.monotonic()
            losses = []
            for step in range((version - 1) * recipe.steps_between_versions, version * recipe.steps_between_versions):
                batch = self.batch(self.corpus.training, step)
                self.parameters, moments, loss = self._step(self.parameters, moments, self.frozen, batch, step + 1)
                losses.append(float(loss))
            yield Version(
                self.parameters, step + 1, self.held_out_loss(), float(np.mean(losses)), time.monotonic() - began
            )

    def batch(self, pairs: Sequence[Pair], index: int) -> Batch:
        count = self.recipe.pairs_per_step
        first = index * count % (len(pairs) - count)
        left, right = zip(*pairs[first : first + count])
        return tuple(jnp.asarray(array) for texts in (left, right) for array in self.tokens.encode(texts))

    def held_out_loss(self) -> float:
        batches = self.recipe.held_out_pairs // self.recipe.pairs_per_step
        losses = [self._loss(self.parameters, self.frozen, self.batch(self.corpus.held_out, i)) for i in range(batches)]
        return float(np.mean(losses))


def contrastive_loss(
    architecture: Architecture, temperature: float, trained: Parameters, frozen: Parameters, batch: Batch
) -> jax.Array:
    """How badly each sentence picks its own neighbour among the neighbours of all sentences of the batch."""
    left_ids, left_mask, right_ids, right_mask = batch
    parameters = {**frozen, **trained}
    ids, mask = jnp.concatenate([left_ids, right_ids]), jnp.concatenate([left_mask, right_mask])
    left, right = jnp.split(embed(parameters, ids, mask, architecture), 2)
    scores = left @ right.T / temperature
    return -jnp.diagonal(jax.nn.log_softmax(scores)).mean()


def adamw_step(recipe: Recipe, loss_and_gradient, parameters, moments, frozen, batch, step):
    """One step of AdamW: decay apart from the gradient, moments with their start-up bias removed."""
    loss, gradients = loss_and_gradient(parameters, frozen, batch)
    new_parameters, new_moments = {}, {}
    for name, parameter in parameters.items():
        first = recipe.beta1 * moments[name][0] + (1 - recipe.beta1) * gradients[name]
        second = recipe.beta2 * moments[name][1] + (1 - recipe.beta2) * gradients[name] ** 2
        rate = recipe.learning_rate / (1 - recipe.beta1**step)
        size = jnp.sqrt(second / (1 - recipe.beta2**step)) + recipe.epsilon
        if decays(name):
            parameter = parameter * (1 - recipe.learning_rate * recipe.weight_decay)
        new_parameters[name] = parameter - rate * first / size
        new_moments[name] = (first, second)
    return new_parameters, new_moments, loss
