"""Makes what is missing of .bench/chains. Started by `train`, in the virtual environment with the packages it needs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

CHAINS_FOLDER = Path(__file__).resolve().parents[3] / ".bench" / "chains"
# One thread: the order of sums, and so every bit of a checkpoint, does not depend on the number of cores.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402  (reads the variables above)
import numpy as np  # noqa: E402

import corpus as corpus_module  # noqa: E402
from bert import Architecture  # noqa: E402
from check import check  # noqa: E402
from checkpoint import TYPES, Checkpoint, sha256  # noqa: E402
from finetune import Recipe, Run, Version  # noqa: E402
from tokens import Tokens  # noqa: E402

FORMAT = 1


@dataclass(frozen=True)
class Chain:
    """A chain is trained, or is a trained one kept in another type."""

    name: str
    title: str
    trained_prefixes: tuple[str, ...] = ()
    cast_of: str | None = None
    cast_to: str = "F32"


CHAINS = (
    Chain("all-fp32", "all weights trained, fp32", ("embeddings.", "encoder.")),
    Chain("all-bf16", "the same run kept as bf16", cast_of="all-fp32", cast_to="BF16"),
    Chain("all-fp16", "the same run kept as fp16", cast_of="all-fp32", cast_to="F16"),
    Chain("last-fp32", "last layer trained, fp32", ("encoder.layer.5.",)),
)


class Maker:
    """Makes chains from the weights in one file."""

    def __init__(self, weights: Path, recipe: Recipe) -> None:
        self.weights = weights
        self.recipe = recipe
        folder = weights.parent
        self.architecture = Architecture.of(json.loads((folder / "config.json").read_text()))
        self.tokens = Tokens(folder / "tokenizer.json", recipe.tokens_per_text)

    def ensure(self, chain: Chain) -> None:
        folder = CHAINS_FOLDER / chain.name
        if chain.cast_of:
            self.ensure(next(c for c in CHAINS if c.name == chain.cast_of))
        if is_complete(folder, self.identity(chain)):
            say(f"{chain.name}: in place")
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        versions = self.cast(chain, folder) if chain.cast_of else self.train(chain, folder)
        manifest = {"identity": self.identity(chain), "title": chain.title, "made": made_with(), "versions": versions}
        if not chain.cast_of:
            manifest["corpus"] = self.corpus_facts
        text = json.dumps(manifest, indent=2) + "\n"
        partial = folder / "manifest.partial"
        partial.write_text(text)
        partial.rename(folder / "manifest.json")

    def identity(self, chain: Chain) -> dict[str, object]:
        """What a finished chain must say of itself to be taken for this one. Libraries and text are not in it: they may
        differ a little from machine to machine, and the chain is as real with them."""
        identity = {"format": FORMAT, "chain": json.loads(json.dumps(asdict(chain))), "recipe": asdict(self.recipe)}
        if chain.cast_of:
            source = json.loads((CHAINS_FOLDER / chain.cast_of / "manifest.json").read_text())
            identity["source"] = [version["sha256"] for version in source["versions"]]
        return identity

    def train(self, chain: Chain, folder: Path) -> list[dict[str, object]]:
        original = Checkpoint.read(self.weights)
        start = {n: jax.numpy.asarray(t) for n, t in original.tensors.items() if t.dtype == TYPES["F32"]}
        say(f"{chain.name}: cosines are within {check(start, self.architecture, self.tokens):.1e} of the published ones")
        corpus = corpus_module.load(self.recipe.seed)
        self.corpus_facts = {
            "sha256": corpus.sha256(), "trainingPairs": len(corpus.training), "heldOutPairs": len(corpus.held_out),
        }
        trained = [n for n in start if n.startswith(chain.trained_prefixes)]
        run = Run(self.recipe, self.architecture, self.tokens, corpus, start, trained)
        entries = []
        for number, version in enumerate(run.versions(), 1):
            path = folder / f"{number:02}.safetensors"
            if number == 1:
                shutil.copyfile(self.weights, path)
            else:
                original.replacing({n: np.asarray(p) for n, p in version.parameters.items()}).write(path)
            entries.append(entry(path, version))
            say(f"{chain.name}: {path.name} after {version.step} steps, held-out loss {version.held_out_loss:.4f}")
        losses = [e["heldOutLoss"] for e in entries]
        if not losses[-1] < losses[0]:
            raise ValueError(f"{chain.name}: the held-out loss went from {losses[0]} to {losses[-1]}; it must fall")
        return entries

    def cast(self, chain: Chain, folder: Path) -> list[dict[str, object]]:
        source = CHAINS_FOLDER / chain.cast_of
        manifest = json.loads((source / "manifest.json").read_text())
        entries = []
        for made in manifest["versions"]:
            path = folder / made["file"]
            Checkpoint.read(source / made["file"]).cast(chain.cast_to).write(path)
            entries.append({**made, "sha256": sha256(path), "sizeBytes": path.stat().st_size})
        say(f"{chain.name}: cast from {chain.cast_of}")
        return entries


def entry(path: Path, version: Version) -> dict[str, object]:
    return {
        "file": path.name,
        "sha256": sha256(path),
        "sizeBytes": path.stat().st_size,
        "step": version.step,
        "heldOutLoss": round(version.held_out_loss, 6),
        "trainingLoss": None if version.training_loss is None else round(version.training_loss, 6),
        "seconds": round(version.seconds, 2),
    }


def is_complete(folder: Path, identity: dict[str, object]) -> bool:
    """Whether the chain is there. The manifest is written last, so a chain that was cut short has none."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        sizes = {v["file"]: v["sizeBytes"] for v in manifest["versions"]}
        return manifest["identity"] == identity and all((folder / f).stat().st_size == s for f, s in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def made_with() -> dict[str, str]:
    return {"python": platform.python_version(), "jax": jax.__version__, "numpy": np.__version__, "machine": platform.machine()}


def say(text: str) -> None:
    print(f"train: {text}", file=sys.stderr, flush=True)


def main() -> None:
    names = [chain.name for chain in CHAINS]
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--chains", nargs="+", choices=names, default=names)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    maker = Maker(arguments.weights, Recipe())
    if arguments.check:
        tensors = Checkpoint.read(arguments.weights).tensors
        deviation = check({n: jax.numpy.asarray(t) for n, t in tensors.items()}, maker.architecture, maker.tokens)
        print(f"cosines are within {deviation:.1e} of the published ones")
        return
    for chain in CHAINS:
        if chain.name in arguments.chains:
            maker.ensure(chain)


if __name__ == "__main__":
    main()
