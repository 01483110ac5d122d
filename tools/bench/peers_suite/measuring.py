"""Runs a command and says what it cost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG_TAIL_LINES = 15
LAUNCHER = Path(__file__).with_name("launcher.py")
CORES = os.cpu_count() or 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Columns of the first line of /proc/stat in which a core was not idle: user, nice, system, irq, softirq, steal.
BUSY_COLUMNS = (0, 1, 2, 5, 6, 7)


class CommandFailed(Exception):
    """A command that is measured must succeed, or its time means nothing."""


@dataclass(frozen=True)
class Usage:
    """What one command cost. The peak is that of its largest process, and never below the launcher's own of about 7 MiB."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    other_cpu_seconds: float


def run(argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> Usage:
    """Runs a command to its end. Its output goes to a file: a terminal would slow some down."""
    busy = busy_seconds()
    status, seconds, cpu, peak = launch(argv, environment, folder, log)
    other = max(0.0, busy_seconds() - busy - cpu)
    if status != 0:
        tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        raise CommandFailed("\n".join([f"`{' '.join(argv)}` ended with status {status}:", *tail]))
    return Usage(seconds, cpu, peak, other)


def launch(argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path) -> tuple[int, float, float, int]:
    """Exit status, wall seconds, CPU seconds and peak bytes of a command, taken by the launcher."""
    reading, writing = os.pipe()
    with log.open("ab") as output, open(reading, "rb") as result:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", LAUNCHER, str(writing), *argv],
            env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[writing],
        )
        os.close(writing)
        facts = result.read().split()
        process.wait()
    if len(facts) != 4:
        raise CommandFailed(f"the launcher of `{' '.join(argv)}` ended with status {process.returncode}")
    return int(facts[0]), float(facts[1]), float(facts[2]), int(facts[3])


def available_memory_bytes() -> int:
    """What the kernel could hand out without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def busy_seconds() -> float:
    """CPU time that the whole machine has spent on anything. What it grew by beyond a command's own time tells how quiet the
    machine was, the kernel's writing of that command's data included."""
    columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(columns[i]) for i in BUSY_COLUMNS) / TICKS_PER_SECOND


@dataclass(frozen=True)
class Space:
    """Bytes of all files below a folder: their lengths, and what the file system gave them."""

    apparent_bytes: int
    allocated_bytes: int

    @classmethod
    def of(cls, folder: Path) -> Space:
        facts = [path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        return cls(sum(f.st_size for f in facts), sum(f.st_blocks * 512 for f in facts))
