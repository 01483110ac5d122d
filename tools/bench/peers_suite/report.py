"""The results as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median

from chains import Chain
from contenders import Contender
from lines import Outcome
from trials import Trial

MB = 1_000_000
MIB = 1 << 20
METHOD = """\
Every version is one command, in a fresh repository for each round; all contenders take turns in each round, in rotated order.
Seconds are wall time over all versions, the start of each process included. `cp` is followed by an fsync of the copy and of its
folder; restic, borg and strata call fsync themselves, casync never does. Before each trial the checkpoints are
read once. Before it and before its restore the disk is synced, and 1 GiB of memory, at most a quarter of what is available, is touched
and freed, since a virtual machine may have to ask its host for memory first. A restore reads what was just written, is not synced by
anyone, and its result is compared with the original.
Bytes kept are the lengths of all files of the repository after the last command has ended, without a tool's caches beside it.
Peak memory is that of the largest process, never below about 7 MiB, which a child has from the process that starts it. Figures
are medians over the rounds, with least and greatest; ratios are formed within a round first."""


def markdown(machine: dict, chains: Sequence[Chain], contenders: Sequence[Contender], trials: list[Trial], results: list[Outcome]) -> str:
    parts = [f"# Strata beside its peers, {machine['date']}", machine_text(machine, trials), METHOD]
    for chain in chains:
        parts += [heading(chain), chain_table(chain, contenders, trials)]
    if results:
        parts += ["## The lines to reach", lines_table(results)]
    return "\n\n".join(parts) + "\n"


def machine_text(machine: dict, trials: list[Trial]) -> str:
    versions = ", ".join(dict.fromkeys(machine["versions"].values()))
    rounds = len({t.round for t in trials})
    other = [t.other_cpu_share for t in trials]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memoryBytes'] / 2**30:.0f} GiB, {machine['kernel']}, "
        f"{machine['fileSystem']}; {versions}; commit {machine['commit']}; rounds: {rounds}. While the commands ran, other "
        f"processes and the kernel's own threads took {spread(other, '.0%')} of the CPU time; the load average "
        f"before a trial was {spread([t.load_before for t in trials], '.1f')}."
    )


def heading(chain: Chain) -> str:
    return f"## {chain.name}: {chain.title}, {len(chain.files)} versions, {chain.logical_bytes / MB:.0f} MB"


def chain_table(chain: Chain, contenders: Sequence[Contender], trials: list[Trial]) -> str:
    rows = []
    for contender in contenders:
        own = [t for t in trials if (t.chain, t.contender) == (chain.name, contender.name)]
        if own:
            kept = median(t.kept.apparent_bytes for t in own)
            rows.append([
                contender.title,
                spread([t.ingest_seconds for t in own], ".2f"),
                spread([t.kept.apparent_bytes / MB for t in own], ".1f"),
                f"{kept / chain.logical_bytes:.3f}",
                spread([t.ingest_peak_bytes / MIB for t in own], ".0f"),
                spread([t.restore.seconds for t in own], ".2f"),
                spread([t.restore.peak_bytes / MIB for t in own], ".0f"),
            ])
    return table(["", "ingest s", "bytes kept MB", "kept / logical", "peak MiB", "restore s", "restore peak MiB"], rows)


def lines_table(results: list[Outcome]) -> str:
    rows = [
        [
            r.line.title, r.line.chain, spread(r.values, ".3f" if r.line.must < 10 else ".0f"), f"≤ {r.line.must:g}",
            "" if r.line.aim is None else f"≤ {r.line.aim:g}", r.verdict,
        ]
        for r in results
    ]
    return table(["", "chain", "measured", "must", "aim", ""], rows)


def spread(values: Iterable[float], form: str) -> str:
    """The median, and where the ends differ from each other, those."""
    ordered = sorted(values)
    middle, least, greatest = (format(v, form) for v in (median(ordered), ordered[0], ordered[-1]))
    return middle if least == greatest else f"{middle} ({least}–{greatest})"


def table(titles: list[str], rows: list[list[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def document(machine: dict, chains: Sequence[Chain], trials: list[Trial], results: list[Outcome]) -> dict:
    """All that was measured, without a path of this machine."""
    return {
        "machine": machine,
        "chains": [
            {"name": c.name, "title": c.title, "logicalBytes": c.logical_bytes, "manifest": c.manifest} for c in chains
        ],
        "trials": [trial_document(t) for t in trials],
        "lines": [
            {
                "title": r.line.title, "chain": r.line.chain, "peer": r.line.peer, "perRound": r.values, "median": r.median,
                "must": r.line.must, "aim": r.line.aim, "verdict": r.verdict,
            }
            for r in results
        ],
    }


def trial_document(trial: Trial) -> dict:
    """A trial's own figures, one for each command, and beside them those that are made of several."""
    sums = {
        "ingestSeconds": trial.ingest_seconds,
        "ingestPeakBytes": trial.ingest_peak_bytes,
        "otherCpuShare": trial.other_cpu_share,
    }
    return json_ready({**asdict(trial), **sums})


def json_ready(value: object) -> object:
    """Keys in the spelling of the project's other documents; microseconds are all that a clock is good for here."""
    if isinstance(value, dict):
        return {camel_case(key): json_ready(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [json_ready(entry) for entry in value]
    return round(value, 6) if isinstance(value, float) else value


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
