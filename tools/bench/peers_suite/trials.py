"""One trial: one contender takes in one chain, version by version, and gives the last one back."""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from chains import Chain
from contenders import Contender, Place
from measuring import CORES, CommandFailed, Space, Usage, available_memory_bytes, run

# After everything was synced, a disk may still be busy with what was deleted.
SETTLE_SECONDS = 0.5
# What the largest trial writes and holds, with room to spare.
TOUCHED_BYTES = 1 << 30


@dataclass(frozen=True)
class Trial:
    chain: str
    contender: str
    round: int
    position: int
    setup: list[Usage]
    ingest: list[Usage]
    restore: Usage
    idle: Usage | None
    kept: Space
    load_before: float

    @property
    def ingest_seconds(self) -> float:
        return sum(usage.seconds for usage in self.ingest)

    @property
    def ingest_peak_bytes(self) -> int:
        return max(usage.peak_bytes for usage in self.ingest)

    @property
    def peak_bytes(self) -> int:
        return max(self.ingest_peak_bytes, self.restore.peak_bytes)

    @property
    def other_cpu_share(self) -> float:
        """Share of the machine's CPU time that went to something else while this trial's commands ran."""
        usages = [*self.ingest, self.restore]
        return sum(u.other_cpu_seconds for u in usages) / (CORES * sum(u.seconds for u in usages))


def perform(contender: Contender, chain: Chain, root: Path, round_number: int, position: int, keep: bool) -> Trial:
    """Runs a trial in a fresh folder, which is removed afterwards unless it is to be kept."""
    shutil.rmtree(root, ignore_errors=True)
    place = Place(root)
    place.cache.mkdir(parents=True)
    try:
        return measured(contender, chain, place, round_number, position)
    finally:
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


def measured(contender: Contender, chain: Chain, place: Place, round_number: int, position: int) -> Trial:
    load = os.getloadavg()[0]
    last, count = chain.files[-1], len(chain.files)
    environment = {**os.environ, **contender.environment_at(place)}

    def go(words: list[str], folder: Path, file: Path = last, version: int = count) -> Usage:
        return run(contender.fill(words, place, file, version), environment, folder, place.root / "log")

    setup = [go(words, chain.folder) for words in contender.setup]
    chain.warm()
    settle()
    ingest = [go(contender.ingest, chain.folder, file, number) for number, file in enumerate(chain.files, 1)]
    idle = go(contender.idle, chain.folder) if contender.idle else None
    kept = Space.of(place.store)
    place.restored.mkdir()
    settle()
    restore = go(contender.restore, place.restored)
    verify(place.restored, last)
    return Trial(chain.name, contender.name, round_number, position, setup, ingest, restore, idle, kept, load)


def settle() -> None:
    """Waits until nothing of what ran before is still on its way to the disk, and has the memory for what comes next there."""
    os.sync()
    time.sleep(SETTLE_SECONDS)
    touch_memory()


def touch_memory() -> None:
    """Takes memory, writes to each page, and gives it back to the kernel, which hands it out again next.

    A virtual machine gives memory that lies idle back to its host; its next page then comes forty times slower (3.4 to 4.1 ms a MiB
    instead of 0.1, measured), whoever asks for it. Without this a trial's time depends on what was freed before it, and when.
    """
    size = min(TOUCHED_BYTES, available_memory_bytes() // 4) // mmap.PAGESIZE * mmap.PAGESIZE
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            try:
                memory.madvise(mmap.MADV_HUGEPAGE)
            except OSError:
                pass  # A kernel without huge pages: the pages come one by one.
        memory[:: mmap.PAGESIZE] = bytes(size // mmap.PAGESIZE)


def verify(folder: Path, original: Path) -> None:
    """Tools restore to paths of their own below the folder; there must be one file, equal to the original."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    if len(found) != 1:
        raise CommandFailed(f"restoring {original.name} gave {len(found)} files, not one")
    if subprocess.run(["cmp", "--silent", found[0], original]).returncode != 0:
        raise CommandFailed(f"restoring {original.name} gave other bytes")
