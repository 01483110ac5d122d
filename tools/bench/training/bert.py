"""The sentence encoder all-MiniLM-L6-v2: BERT with six layers, the mean of the tokens' vectors, unit length.

The parameters are a flat dictionary under the names of the safetensors file, so that nothing is renamed on the way to disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Parameters = Mapping[str, jax.Array]


@dataclass(frozen=True)
class Architecture:
    """What config.json says about the network."""

    layers: int
    heads: int
    layer_norm_epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, object]) -> Architecture:
        if config["hidden_act"] != "gelu" or config["position_embedding_type"] != "absolute":
            raise ValueError("this network has exact GELUs and absolute positions; the config names others")
        return cls(int(config["num_hidden_layers"]), int(config["num_attention_heads"]), float(config["layer_norm_eps"]))


def dense(p: Parameters, name: str, x: jax.Array) -> jax.Array:
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def layer_norm(p: Parameters, name: str, x: jax.Array, epsilon: float) -> jax.Array:
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + epsilon) * p[f"{name}.weight"] + p[f"{name}.bias"]


def attention(p: Parameters, name: str, x: jax.Array, bias: jax.Array, heads: int) -> jax.Array:
    """Attention of every token to every token; `bias` hides the padding."""
    texts, length, width = x.shape

    def split(kind: str) -> jax.Array:
        return dense(p, f"{name}.self.{kind}", x).reshape(texts, length, heads, width // heads)

    scores = jnp.einsum("bqhd,bkhd->bhqk", split("query"), split("key")) / jnp.sqrt(width / heads) + bias
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), split("value"))
    return dense(p, f"{name}.output.dense", mixed.reshape(texts, length, width))


def layer(p: Parameters, name: str, x: jax.Array, bias: jax.Array, architecture: Architecture) -> jax.Array:
    epsilon = architecture.layer_norm_epsilon
    attended = attention(p, f"{name}.attention", x, bias, architecture.heads)
    x = layer_norm(p, f"{name}.attention.output.LayerNorm", x + attended, epsilon)
    inner = jax.nn.gelu(dense(p, f"{name}.intermediate.dense", x), approximate=False)
    return layer_norm(p, f"{name}.output.LayerNorm", x + dense(p, f"{name}.output.dense", inner), epsilon)


def embed(p: Parameters, ids: jax.Array, mask: jax.Array, architecture: Architecture) -> jax.Array:
    """Unit vectors of texts. `ids` and `mask` are [texts, length]; the mask is 1 for a token and 0 for padding."""
    x = p["embeddings.word_embeddings.weight"][ids]
    x = x + p["embeddings.position_embeddings.weight"][: ids.shape[1]] + p["embeddings.token_type_embeddings.weight"][0]
    x = layer_norm(p, "embeddings.LayerNorm", x, architecture.layer_norm_epsilon)
    bias = jnp.where(mask[:, None, None, :] == 1, 0.0, jnp.finfo(x.dtype).min)
    for index in range(architecture.layers):
        x = layer(p, f"encoder.layer.{index}", x, bias, architecture)
    weights = mask[:, :, None].astype(x.dtype)
    mean = (x * weights).sum(1) / weights.sum(1)
    return mean / jnp.linalg.norm(mean, axis=-1, keepdims=True)
