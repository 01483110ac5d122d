"""Pairs of neighbouring sentences from the docstrings of Python's standard library: real English text that is at hand wherever
Python is, in an order that depends on nothing but the Python version."""

from __future__ import annotations

import ast
import hashlib
import random
import re
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {"site-packages", "dist-packages", "test", "tests", "__pycache__", "idle_test"}
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
WORD_LIMITS = range(4, 60)
# Files, not pairs, are held out: pairs of one docstring share sentences.
HELD_OUT_FILE_EVERY = 8

Pair = tuple[str, str]


@dataclass(frozen=True)
class Corpus:
    training: list[Pair]
    held_out: list[Pair]

    def sha256(self) -> str:
        lines = "\n".join(f"{a}\t{b}" for a, b in self.training + self.held_out)
        return hashlib.sha256(lines.encode()).hexdigest()


def source_files() -> list[Path]:
    root = Path(sysconfig.get_paths()["stdlib"])
    found = (path.relative_to(root) for path in root.rglob("*.py"))
    return [root / path for path in sorted(found) if not SKIPPED_FOLDERS & set(path.parts)]


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file, by parsing it; nothing is imported or run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield text


def sentences(docstring: str) -> Iterator[str]:
    """Prose only: paragraphs with examples or tables are left out."""
    for paragraph in re.split(r"\n\s*\n", docstring):
        if ">>>" in paragraph or "  " in paragraph.replace("\n", " ").strip().replace(".  ", ". "):
            continue
        for sentence in SENTENCE_END.split(" ".join(paragraph.split())):
            if len(sentence.split()) in WORD_LIMITS and sentence[-1:] in ".!?":
                yield sentence


def pairs(path: Path, known: set[str]) -> Iterator[Pair]:
    """Neighbours in a docstring. A sentence that came before is skipped: two equal ones in a batch would be each other's
    wrong answers."""
    for docstring in docstrings(path):
        found = [s for s in sentences(docstring) if s not in known]
        known.update(found)
        yield from zip(found, found[1:])


def load(seed: int) -> Corpus:
    known: set[str] = set()
    training: list[Pair] = []
    held_out: list[Pair] = []
    for index, path in enumerate(source_files()):
        target = held_out if index % HELD_OUT_FILE_EVERY == 0 else training
        target.extend(pairs(path, known))
    shuffler = random.Random(seed)
    shuffler.shuffle(training)
    shuffler.shuffle(held_out)
    return Corpus(training, held_out)
