"""Sends state data past the runtime's own check, right behind the call's result: the host must ignore it."""

import asyncio
import inspect

from decthings_model.run.run import sendEventToParent

tasks = set()


class Entry:
    async def createModelState(self, options):
        command_id = inspect.getclosurevars(options.state_provider._provide).nonlocals["commandId"]
        options.state_provider.provide("in_time", b"kept")

        async def late():
            await asyncio.sleep(0.05)
            sendEventToParent("provideStateData", {"commandId": command_id, "names": ["late"]}, [b"ignored"])

        tasks.add(asyncio.get_running_loop().create_task(late()))

    def instantiateModel(self, options):
        return {}


model = Entry()
