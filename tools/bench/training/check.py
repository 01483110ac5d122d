"""Compares the network with values that others have published for these weights: were the forward pass wrong, the training
would be of some other function, and its checkpoints would be no real ones."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from bert import Architecture, Parameters, embed
from tokens import Tokens

# The documentation of sentence-transformers prints these cosines for all-MiniLM-L6-v2.
SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
COSINES = np.asarray([[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]])
PRINTED_DIGITS = 4


def check(parameters: Parameters, architecture: Architecture, tokens: Tokens) -> float:
    """The largest deviation from the published cosines.

    Raises ValueError when it is more than the rounding of what was printed."""
    ids, mask = tokens.encode(SENTENCES)
    vectors = embed(parameters, jnp.asarray(ids), jnp.asarray(mask), architecture)
    deviation = float(np.abs(np.asarray(vectors @ vectors.T) - COSINES).max())
    bound = 10.0**-PRINTED_DIGITS
    if not deviation <= bound:
        raise ValueError(f"the network's cosines are {deviation:.2e} off the published ones; at most {bound:.0e} is rounding")
    return deviation
