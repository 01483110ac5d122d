"""Checkpoints as safetensors files that keep the order, the names and the metadata of the file that they come from."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np

TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype(ml_dtypes.bfloat16), "I64": np.dtype("<i8")}
HEADER_ALIGNMENT = 8


@dataclass(frozen=True)
class Checkpoint:
    """Tensors in the order in which they lie in the file."""

    tensors: dict[str, np.ndarray]
    metadata: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Reads a file with plain means, so that the order of its bytes is seen and not a library's order of names."""
        raw = path.read_bytes()
        end = 8 + int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:end])
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]):
            start, stop = entry["data_offsets"]
            tensors[name] = np.frombuffer(raw[end + start : end + stop], TYPES[entry["dtype"]]).reshape(entry["shape"])
        return cls(tensors, metadata)

    def replacing(self, changed: dict[str, np.ndarray]) -> Checkpoint:
        """The same checkpoint with other values; names, order, types and shapes stay."""
        new = {name: changed.get(name, tensor) for name, tensor in self.tensors.items()}
        for name, tensor in self.tensors.items():
            if (new[name].dtype, new[name].shape) != (tensor.dtype, tensor.shape):
                raise ValueError(f"`{name}` would change from {tensor.dtype}{tensor.shape} to {new[name].dtype}{new[name].shape}")
        return Checkpoint(new, self.metadata)

    def cast(self, type_name: str) -> Checkpoint:
        """All fp32 tensors as another type, rounded to nearest even; whole numbers stay."""
        single = TYPES["F32"]
        return Checkpoint(
            {n: t.astype(TYPES[type_name]) if t.dtype == single else t for n, t in self.tensors.items()}, self.metadata
        )

    def header(self) -> bytes:
        """The JSON header, padded with blanks as the safetensors library pads it."""
        names = {dtype: name for name, dtype in TYPES.items()}
        entries: dict[str, object] = {"__metadata__": self.metadata} if self.metadata else {}
        offset = 0
        for name, tensor in self.tensors.items():
            stop = offset + tensor.nbytes
            entries[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, stop]}
            offset = stop
        text = json.dumps(entries, separators=(",", ":")).encode()
        return text + b" " * (-len(text) % HEADER_ALIGNMENT)

    def write(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        header = self.header()
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            for tensor in self.tensors.values():
                file.write(np.ascontiguousarray(tensor).tobytes())
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
