"""The loads: wrk for reading, the real client for writing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import Strata

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parents[2] / ".venv/bin/python3"
# The real client cannot write the length 65,536: its varint takes it for one of two bytes.
SMALL_BYTES = (64 << 10) - 1


@dataclass(frozen=True)
class Frame:
    """A request without blobs: what wrk sends again and again."""

    method: str
    body: bytes


def frame(method: str, params: dict) -> Frame:
    text = json.dumps(params).encode()
    if len(text) > 252:
        raise ValueError("longer params need a longer varint")
    return Frame(method, bytes([0, len(text)]) + text)


class Load:
    def __init__(self, strata: Strata, folder: Path, seconds: int) -> None:
        self.strata, self.folder, self.seconds = strata, folder, seconds

    def prepare(self, weights: Path) -> None:
        """A model with the real weights as its one large state, and one with a small state, by the real client."""
        output = subprocess.run(
            [PYTHON, HERE / "prepare.py", self.strata.url, weights, str(SMALL_BYTES)], check=True, stdout=subprocess.PIPE, text=True).stdout
        ids = json.loads(output)
        self.model, self.small_model = ids["large"], ids["small"]
        self.large_bytes = weights.stat().st_size
        self.large_frame = frame("Model/getModelState", {"modelId": self.model["modelId"], "stateId": self.model["stateId"]})

    def wrk(self, request: Frame, connections: int) -> dict[str, float]:
        script = self.folder / "request.lua"
        body = "".join(f"\\x{byte:02x}" for byte in request.body)
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "application/octet-stream"\n')
        return self._run(["-s", str(script), f"{self.strata.url}/{request.method}"], connections)

    def wrk_get(self, url: str, connections: int) -> dict[str, float]:
        return self._run([url], connections)

    def _run(self, arguments: list[str], connections: int) -> dict[str, float]:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s", "--timeout", "60s", "--latency", *arguments]
        return parsed(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def mixed(self, readers: int, writers: int) -> dict[str, float]:
        """Readers by wrk beside writers by the real asynchronous client."""
        command = [PYTHON, HERE / "writers.py", self.strata.url, str(writers), str(self.seconds), str(SMALL_BYTES)]
        writing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        request = frame(
            "Model/getModelState", {"modelId": self.small_model["modelId"], "stateId": self.small_model["stateId"]})
        results = self.wrk(request, readers)
        results.update(json.loads(writing.communicate()[0]))
        if writing.returncode != 0:
            sys.exit("the writers failed")
        results["seconds"] = self.seconds
        return results


UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 60e3}
SIZES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}


def parsed(text: str) -> dict[str, float]:
    """The figures of wrk's report; an answer that was no 2xx, or a connection that broke, counts as an error."""
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text)
    transfer = re.search(r"Transfer/sec:\s+([\d.]+)(B|KB|MB|GB)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return {
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "bytes_per_second": float(transfer.group(1)) * SIZES[transfer.group(2)],
        "p99_ms": float(latency.group(1)) * UNITS[latency.group(2)],
        "errors": (int(refused.group(1)) if refused else 0) + (sum(map(int, broken.groups())) if broken else 0),
    }
