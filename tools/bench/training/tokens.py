"""Texts as token ids, with the WordPiece tokenizer that lies beside the weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer


class Tokens:
    """Every batch has the same length, so that the network is compiled once."""

    def __init__(self, path: Path, length: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.enable_truncation(length)
        self._tokenizer.enable_padding(length=length)

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask, both int32 [texts, length]."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.asarray([e.ids for e in encoded], np.int32)
        mask = np.asarray([e.attention_mask for e in encoded], np.int32)
        return ids, mask
