"""The checkpoints that are stored: made by the training next door where they are missing."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

READ_SIZE = 1 << 20


@dataclass(frozen=True)
class Chain:
    name: str
    title: str
    folder: Path
    files: list[Path]
    manifest: dict

    @property
    def logical_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)

    def warm(self) -> None:
        """Reads every file once, so that all contenders find them in the page cache."""
        for path in self.files:
            with path.open("rb", buffering=0) as file:
                while file.read(READ_SIZE):
                    pass


def load(names: list[str], root: Path) -> list[Chain]:
    """Makes what is missing and checks what is there against its manifest."""
    if names:
        subprocess.run([root / "tools" / "bench" / "training" / "train", "--chains", *names], check=True)
    return [read(root / ".bench" / "chains" / name) for name in names]


def read(folder: Path) -> Chain:
    manifest = json.loads((folder / "manifest.json").read_text())
    files = [folder / version["file"] for version in manifest["versions"]]
    for path, version in zip(files, manifest["versions"]):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != version["sha256"]:
            raise ValueError(f"{path.name} of chain {folder.name} is not what its manifest says; remove the chain's folder")
    return Chain(folder.name, manifest["title"], folder, files, manifest)
