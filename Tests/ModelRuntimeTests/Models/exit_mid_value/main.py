"""Exits with status 3 while a value of 64 MiB is on its way: the stream ends inside a frame.

The host must report the exit, not the broken frame, and keep nothing of the value.
"""

import asyncio
import os


class Entry:
    async def createModelState(self, options):
        options.state_provider.provide("value", bytes(64 << 20))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        os._exit(3)

    def instantiateModel(self, options):
        return {}


model = Entry()
