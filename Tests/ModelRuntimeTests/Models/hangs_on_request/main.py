"""Blocks the runtime's only thread in the call that the key `call` of its state names, and tells with a file that it does.

For createModelState the key of a mounted state counts.
"""

import os
import tempfile
import time


def hang(wanted, call):
    if wanted == call:
        open(os.path.join(tempfile.gettempdir(), "hanging"), "w").close()
        time.sleep(600)


async def wanted(state):
    return (await state["call"].read()).decode() if "call" in state else ""


class Instance:
    def __init__(self, call):
        self.call = call

    def evaluate(self, options):
        hang(self.call, "evaluate")
        return []

    def train(self, options):
        hang(self.call, "train")

    def getModelState(self, options):
        # What was provided before must go too.
        options.state_provider.provide("provided", os.urandom(3 << 20))
        hang(self.call, "getState")


class Entry:
    async def createModelState(self, options):
        options.state_provider.provide("provided", os.urandom(3 << 20))
        for other in options.other_models.values():
            hang(await wanted(other.state), "createState")

    async def instantiateModel(self, options):
        call = await wanted(options.state)
        hang(call, "instantiateModel")
        return Instance(call)


model = Entry()
