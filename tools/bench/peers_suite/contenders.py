"""Who competes, and what each one's user types.

Peers get the settings that are fastest for them where it is a matter of taste: borg does not encrypt (restic always does), and
nobody prints progress.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STRATA_MODEL = "bench"


@dataclass(frozen=True)
class Place:
    """Folders of one trial. Only what lies in `store` counts as kept; caches of a tool lie beside it."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def restored(self) -> Path:
        return self.root / "restored"


@dataclass(frozen=True)
class Contender:
    """Commands as lists of words, in which {store}, {restored}, {folder}, {file} and {version} are filled in. Versions are
    ingested from inside the chain's folder, a version is restored from inside the folder for it."""

    name: str
    title: str
    program: str
    ingest: list[str]
    restore: list[str]
    package: str | None = None
    setup: list[list[str]] = field(default_factory=list)
    idle: list[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def fill(self, words: list[str], place: Place, file: Path, version: int) -> list[str]:
        values = {
            "store": place.store, "restored": place.restored, "cache": place.cache, "program": self.program,
            "file": file.name, "version": f"{version:02}",
        }
        return [word.format(**values) for word in words]

    def environment_at(self, place: Place) -> dict[str, str]:
        return {name: value.format(store=place.store, cache=place.cache) for name, value in self.environment.items()}


def borg(name: str, title: str, compression: str) -> Contender:
    return Contender(
        name, title, "borg", package="borgbackup",
        setup=[["borg", "init", "--encryption", "none", "{store}"]],
        ingest=["borg", "create", "--compression", compression, "{store}::{version}", "{file}"],
        restore=["borg", "extract", "{store}::{version}"],
        environment={"BORG_BASE_DIR": "{cache}", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"},
    )


def contenders(strata: str) -> list[Contender]:
    """All of them; `strata` is the path of the command that is measured."""
    return [
        Contender(
            "cp", "cp + sync", "cp",
            setup=[["mkdir", "{store}"]],
            # `sync FILE FOLDER` is an fsync of each, so that the copy and its name are durable.
            ingest=["sh", "-c", 'cp "$1" "$2/$1" && sync "$2/$1" "$2"', "sh", "{file}", "{store}"],
            restore=["cp", "{store}/{file}", "."],
        ),
        Contender(
            "restic", "restic (auto)", "restic", package="restic",
            setup=[["restic", "init", "--quiet"]],
            ingest=["restic", "backup", "--quiet", "{file}"],
            restore=["restic", "restore", "latest", "--quiet", "--target", "."],
            environment={"RESTIC_REPOSITORY": "{store}", "RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": "{cache}"},
        ),
        borg("borg-lz4", "borg lz4", "lz4"),
        borg("borg-zstd", "borg zstd,3", "zstd,3"),
        Contender(
            "casync", "casync", "casync", package="casync",
            setup=[["mkdir", "{store}"]],
            ingest=["casync", "make", "--store={store}/default.castr", "{store}/{version}.caibx", "{file}"],
            restore=["casync", "extract", "--store={store}/default.castr", "{store}/{version}.caibx", "{file}"],
        ),
        Contender(
            "strata", "strata", strata,
            setup=[["{program}", "init"], ["{program}", "model", "create", STRATA_MODEL]],
            ingest=["{program}", "state", "upload", STRATA_MODEL, "--name", "v{version}", "weights={file}"],
            restore=["{program}", "state", "get", STRATA_MODEL, "--state", "v{version}", "--to", "."],
            idle=["{program}", "state", "list", STRATA_MODEL],
            environment={"STRATA_STORE": "{store}"},
        ),
    ]
