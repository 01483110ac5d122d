"""Runs `strata serve`, the real program, on stores of its own."""

import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
STRATA = os.environ.get("STRATA_BINARY", os.path.join(REPOSITORY, ".build", "debug", "strata"))
PYTHON = os.environ.get("STRATA_PYTHON", os.path.join(REPOSITORY, ".venv", "bin", "python3"))


def _end_with_parent():
    """Also when the tests are killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """A server on a store in a scratch folder; both go with `stop`."""

    def __init__(self, *arguments, store=None):
        self.folder = tempfile.mkdtemp(prefix="strata-clients-")
        self.store = store or os.path.join(self.folder, "store.strata")
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(
            [STRATA, "serve", "--store", self.store, "--port", "0", "--python", PYTHON, "--grace-seconds", "5", *arguments],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True, preexec_fn=_end_with_parent)
        self.address = self._ready()
        self.ws_address = self.address.replace("http", "ws", 1) + "/ws"

    def _ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 1)[0]:
                line = self.process.stdout.readline()
                found = re.search(r"https?://\S+/v0", line)
                if found:
                    return found.group()
                if not line:
                    break
        with open(self.log.name) as log:
            said = log.read()
        self.stop()
        raise RuntimeError(f"strata serve did not start: {said}")

    def stop(self):
        """The exit status of the server after SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()
        if os.path.isdir(self.folder):
            shutil.rmtree(self.folder)
        return self.process.returncode


def strata(*arguments):
    """Runs a command of the program and answers what it prints."""
    return subprocess.run([STRATA, *arguments], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def make_key(store, name, *arguments):
    """A new key and its id."""
    document = json.loads(strata("key", "create", name, "--store", store, "--json", *arguments))
    return document["key"], document["id"]
