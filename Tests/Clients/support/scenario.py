"""The base of all scenarios: a server that the whole run shares, and short words for what they do with it."""

import time
import unittest
import uuid

import numpy as np
from decthings_api import DecthingsTensor

from .clients import AsyncCalls, SyncCalls
from .models import KEEPER
from .server import Server

_shared = {}


def shared_server():
    if "server" not in _shared:
        _shared["server"] = Server("--no-keys", "--inject-by-header")
    return _shared["server"]


def stop_shared_server():
    if "server" in _shared:
        _shared.pop("server").stop()


def numbers(values, kind="f32", shape=None):
    dtype = {"f32": "<f4", "f64": "<f8", "u8": "u1"}[kind]
    array = np.array(values, dtype=dtype)
    return DecthingsTensor(array, kind, list(array.shape) if shape is None else shape)


def text(value):
    return DecthingsTensor([value], "string", [1])


TEMPORARY = {"type": "temporaryLauncher", "spec": {"cpus": 1, "memoryMebibytes": 512}}


class Scenario(unittest.TestCase):
    """`self.calls` is one of the client's flavours; nothing is expected of the store to be empty."""

    Calls = SyncCalls
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.server = shared_server()
        cls.calls = cls.Calls(cls.server)

    def ok(self, answer):
        result, error = answer
        self.assertIsNone(error)
        return result

    def refused(self, answer, code, **fields):
        result, error = answer
        self.assertIsNotNone(error, f"{code} was expected, not {result}")
        self.assertEqual(error["code"], code, error)
        for field, value in fields.items():
            self.assertEqual(error.get(field), value, error)
        return error

    def name(self, kind="thing"):
        return f"{kind} {uuid.uuid4()}"

    # models

    def new_model(self, source=None, language="python", preset="none", **options):
        made = self.ok(self.calls.model.create_model({
            "name": self.name("model"), "description": "", "options": {"type": "code", "language": language, "preset": preset, **options},
        }))
        if source is not None:
            self.put(made["modelId"], "main.py", source)
        return made["modelId"]

    def put(self, model, name, data):
        """Uploads a file as programs do it: look, make, write."""
        parent = {"modelId": model, "parent": 1, "name": name}
        found, error = self.calls.fs.lookup(parent)
        if error:
            self.assertEqual(error["code"], "ENOENT")
            found = self.ok(self.calls.fs.mknod({**parent, "mode": 0o100644, "dev": 0}))
        data = data.encode() if isinstance(data, str) else data
        written = self.ok(self.calls.fs.write({"modelId": model, "inode": found["inode"], "offset": 0, "truncate": True, "data": data}))
        self.assertEqual(written["bytesWritten"], len(data))
        return found["inode"]

    def model(self, model):
        models = self.ok(self.calls.model.get_models({"filter": {"ids": [model]}}))["models"]
        self.assertEqual(len(models), 1)
        return models[0]

    def upload(self, model, name="state", **values):
        data = [{"key": key, "data": value} for key, value in values.items()]
        return self.ok(self.calls.model.upload_state({"modelId": model, "name": name, "data": data}))["stateId"]

    def state(self, model, state=None, **more):
        params = {"modelId": model, **more}
        if state:
            params["stateId"] = state
        return {entry["key"]: entry["data"] for entry in self.ok(self.calls.model.get_model_state(params))["data"]}

    def activate(self, model, state):
        self.ok(self.calls.model.set_current_model_state({"modelId": model, "stateId": state}))

    def snapshot(self, model):
        return self.ok(self.calls.model.snapshot_model({"modelId": model, "snapshotName": self.name("snapshot")}))["snapshotId"]

    # runs

    @classmethod
    def keeper(cls):
        """A model that keeps what it is given, and a launcher that keeps its code warm; one of each for the whole run."""
        if "keeper" not in _shared:
            test = cls()
            _shared["keeper"] = test.new_model(KEEPER)
            _shared["warm"] = test.new_launcher()
        return _shared["keeper"]

    @classmethod
    def warm(cls):
        cls.keeper()
        return {"type": "persistentLauncher", "persistentLauncherId": _shared["warm"]}

    def new_launcher(self, **spec):
        launcher = self.ok(self.calls.persistent_launcher.create_persistent_launcher(
            {"name": self.name("launcher"), "spec": {"cpus": 1, "memoryMebibytes": 512, **spec}}))["persistentLauncherId"]
        self.until(lambda: self.launcher(launcher)["state"]["type"] == "active")
        return launcher

    def launcher(self, launcher):
        found = self.ok(self.calls.persistent_launcher.get_persistent_launchers({"filter": {"ids": [launcher]}}))
        return found["persistentLaunchers"][0] if found["persistentLaunchers"] else None

    def create_state(self, model, params, location=None, **more):
        return self.calls.model.create_state({
            "modelId": model, "name": "created", "params": [{"name": name, "data": data} for name, data in params.items()],
            "executionLocation": location or self.warm(), **more,
        })

    def created(self, answer):
        """The id of the state that was made."""
        result = self.ok(answer)
        self.assertIn("success", result, result)
        return result["success"]["stateId"]

    def failed(self, answer, code, **fields):
        result = self.ok(answer)
        self.assertIn("failed", result, result)
        error = result["failed"]["error"]
        self.assertEqual(error["code"], code, error)
        for field, value in fields.items():
            self.assertEqual(error.get(field), value, error)
        return result["failed"]

    # datasets

    def new_dataset(self, *keys, **more):
        """Keys are names, or pairs of a name and rules."""
        definitions = [
            {"name": key if isinstance(key, str) else key[0], "required": True,
             "rules": {"shape": [-1], "allowedTypes": [], "annotations": []} if isinstance(key, str) else key[1]} for key in keys
        ]
        made = self.ok(self.calls.dataset.create_dataset(
            {"name": self.name("dataset"), "description": "d", "keys": definitions, **more}))
        return made["datasetId"]

    def dataset(self, dataset):
        return self.ok(self.calls.dataset.get_datasets({"filter": {"ids": [dataset]}}))["datasets"][0]

    def until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        self.fail("what was waited for did not come")


def with_both_clients(scenarios):
    """Makes of a mixin two test cases, one for each flavour of the client."""
    made = {}
    for flavour, calls in (("Sync", SyncCalls), ("Async", AsyncCalls)):
        name = f"{scenarios.__name__}{flavour}"
        made[name] = type(name, (scenarios, Scenario), {"Calls": calls, "__module__": scenarios.__module__})
    return made
