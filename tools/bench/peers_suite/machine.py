"""What was measured on: figures without it cannot be compared."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import date
from pathlib import Path

VERSION_ARGUMENTS = {
    "restic": ["restic", "version"],
    "borg-lz4": ["borg", "--version"],
    "borg-zstd": ["borg", "--version"],
    "casync": ["casync", "--version"],
    "cp": ["cp", "--version"],
}


def describe(folder: Path, names: list[str], strata: str, root: Path) -> dict[str, object]:
    """The machine, the file system below `folder`, and the versions of the contenders named."""
    commands = {**VERSION_ARGUMENTS, "strata": [strata, "--version"]}
    return {
        "date": date.today().isoformat(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": f"{platform.system()} {platform.release()}",
        "fileSystem": file_system(folder),
        "versions": {name: first_line(commands[name]) for name in names},
        "commit": first_line(["git", "-C", str(root), "describe", "--always", "--dirty"]),
    }


def slug(machine: dict[str, object]) -> str:
    """A name for files: date, processor and cores."""
    words = re.sub(r"[^a-z0-9]+", "-", str(machine["cpu"]).lower()).strip("-")
    return f"{machine['date']}-{words}-{machine['cores']}-cores"


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def file_system(folder: Path) -> str:
    """Type of the file system with the longest mount point above the folder."""
    best, kind = "", "unknown"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        point = before.split()[4]
        if len(point) >= len(best) and folder.resolve().is_relative_to(point):
            best, kind = point, after.split()[0]
    return kind


def first_line(argv: list[str]) -> str:
    try:
        result = subprocess.run(argv, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return (result.stdout.strip().splitlines() or ["unknown"])[0]
