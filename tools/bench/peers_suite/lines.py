"""The lines that the store must reach, each a ratio of two contenders' figures in the same round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from trials import Trial

MIB = 1 << 20
Figures = Callable[[Trial, Trial | None, int], float]


@dataclass(frozen=True)
class Line:
    """`figure` gets strata's trial, the peer's of the same round, and the chain's logical bytes."""

    title: str
    chain: str
    peer: str | None
    figure: Figures
    must: float
    aim: float | None = None


@dataclass(frozen=True)
class Outcome:
    line: Line
    values: list[float]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def verdict(self) -> str:
        if self.line.aim is not None and self.median <= self.line.aim:
            return "aim reached"
        return "reached" if self.median <= self.line.must else "missed"


def kept_share(own: Trial, _: Trial | None, logical_bytes: int) -> float:
    return own.kept.apparent_bytes / logical_bytes


def ingest_ratio(own: Trial, peer: Trial | None, _: int) -> float:
    return own.ingest_seconds / peer.ingest_seconds


def restore_ratio(own: Trial, peer: Trial | None, _: int) -> float:
    return own.restore.seconds / peer.restore.seconds


def peak_above_base(own: Trial, _: Trial | None, __: int) -> float:
    return (own.peak_bytes - own.idle.peak_bytes) / MIB


LINES = [
    Line("bytes kept / logical", "all-fp32", None, kept_share, 0.44, 0.42),
    Line("bytes kept / logical", "all-bf16", None, kept_share, 0.28, 0.24),
    Line("bytes kept / logical", "last-fp32", None, kept_share, 0.22, 0.20),
    Line("ingest / borg lz4", "all-fp32", "borg-lz4", ingest_ratio, 0.25, 0.15),
    Line("ingest / (cp + sync)", "all-fp32", "cp", ingest_ratio, 2.5, 1.5),
    Line("ingest / (cp + sync)", "last-fp32", "cp", ingest_ratio, 1.5, 1.0),
    *(
        Line("restore of the last version / borg extract", chain, "borg-lz4", restore_ratio, 0.35, 0.2)
        for chain in ("all-fp32", "all-bf16", "last-fp32")
    ),
    *(
        Line("peak memory above an idle command's, MiB", chain, None, peak_above_base, 128)
        for chain in ("all-fp32", "all-bf16", "last-fp32")
    ),
]


def outcomes(trials: Iterable[Trial], logical_bytes: dict[str, int]) -> list[Outcome]:
    """Every line for which this run has both sides."""
    found = {(t.chain, t.contender, t.round): t for t in trials}
    rounds = sorted({number for _, _, number in found})
    results = []
    for line in LINES:
        values = []
        for number in rounds:
            own = found.get((line.chain, "strata", number))
            peer = found.get((line.chain, line.peer, number)) if line.peer else None
            if own and (peer or not line.peer):
                values.append(line.figure(own, peer, logical_bytes[line.chain]))
        if values:
            results.append(Outcome(line, values))
    return results
