"""Sources of the models that the scenarios run."""

# Keeps what createModelState is given under the names of the parameters, and does on request what goes wrong in real code.
KEEPER = '''
import json
import os
import signal
import time

import numpy as np
from decthings_api import DecthingsTensor
from decthings_model import make_model


def raw(tensor):
    """The tensor as the client would send it; this version of the library cannot encode audio and video."""
    try:
        return tensor.serialize()
    except ValueError:
        return b"".join(element.format().encode() + element.data() for element in tensor.numpy().reshape(-1))


async def all_of(loader):
    return await loader.next(loader.size())


def files_below(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                found[os.path.relpath(os.path.join(folder, name), root)] = file.read()
    return found


async def what_to_do(params):
    if "do" not in params:
        return None
    return (await all_of(params["do"]))[0].item()


def misbehave(what):
    if what == "raise":
        raise ValueError("raised on request")
    if what == "exit":
        os._exit(7)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "fill":
        held = []
        while True:
            held.append(bytearray(b"x" * (32 << 20)))
    if what == "hang":
        time.sleep(3600)


class Instance:
    def __init__(self, state):
        self.state = state

    async def evaluate(self, options):
        outputs = []
        misbehave(await what_to_do(options.params))
        for name, loader in options.params.items():
            if name != "do":
                outputs.append({"name": name, "data": await all_of(loader)})
        kept = self.state.get("weight", b"")
        outputs.append({"name": "weight", "data": [DecthingsTensor(list(kept), "u8", [len(kept)])]})
        return outputs

    async def train(self, options):
        misbehave(await what_to_do(options.params))
        steps = await all_of(options.params["x"])
        for number, step in enumerate(steps):
            options.tracker.metrics([("seen", step)])
            options.tracker.progress((number + 1) / len(steps))
        self.state["trained"] = b"".join(raw(step) for step in steps)

    async def getModelState(self, options):
        for key, value in self.state.items():
            options.state_provider.provide(key, value)


class Entry:
    async def createModelState(self, options):
        misbehave(await what_to_do(options.params))
        for name, loader in options.params.items():
            options.state_provider.provide(name, b"".join(raw(tensor) for tensor in await all_of(loader)))
        for model_id, other in options.other_models.items():
            options.state_provider.provide(f"{model_id}/files", json.dumps(files_below(other.mount_path)).encode())
            for key, loader in other.state.items():
                options.state_provider.provide(f"{model_id}/{key}", await loader.read())

    async def instantiateModel(self, options):
        state = {key: await loader.read() for key, loader in options.state.items()}
        if "broken" in state:
            raise ValueError("raised in instantiateModel")
        return Instance(state)


model = make_model(Entry())
'''

RAISES_AT_START = 'raise RuntimeError("raised while loading")\n'
HANGS_AT_START = "import time\ntime.sleep(3600)\n"
EXITS_AT_START = "import os\nos._exit(9)\n"

# An executable that greets the host with a message of no kind.
BREAKS_THE_PROTOCOL = r"""#!/usr/bin/perl
use Socket;
socket(my $peer, AF_UNIX, SOCK_STREAM, 0) or die;
connect($peer, sockaddr_un($ENV{IPC_PATH})) or die;
syswrite($peer, "\x07" . "nonsense" x 10);
sleep 600;
"""
