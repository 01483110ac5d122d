"""The servers under load: started on free ports, stopped at the end."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path


class Strata:
    """`strata serve` on a new store, for everybody on this machine."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary, self.store = binary, folder / "bench.strata"

    def __enter__(self) -> Strata:
        started = time.monotonic()
        self.process = subprocess.Popen(
            [self.binary, "serve", "--store", self.store, "--port", "0", "--no-keys"], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.start_milliseconds = (time.monotonic() - started) * 1000
        if not line.startswith("ready: "):
            raise SystemExit(f"strata serve did not start: {line!r}")
        self.url = line.split()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def peak_memory_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise SystemExit("the system does not tell the peak memory of a process")


class Nginx:
    """nginx with its usual settings for files (sendfile, one worker a core), serving one file."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.file = folder / "nginx", file

    def __enter__(self) -> Nginx:
        self.folder.mkdir()
        shutil.copyfile(self.file, self.folder / "weights")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        configuration = self.folder / "nginx.conf"
        configuration.write_text(
            f"""
            daemon off; worker_processes auto; pid {self.folder}/pid; error_log {self.folder}/error.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
                client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
                fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
                server {{ listen 127.0.0.1:{port}; root {self.folder}; }}
            }}
            """)
        self.folder.chmod(0o755)
        self.folder.parent.chmod(0o755)
        self.process = subprocess.Popen([shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", configuration])
        self.url = f"http://127.0.0.1:{port}/weights"
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return self
            time.sleep(0.05)
        raise SystemExit("nginx did not start")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
