"""Calls the provider after createModelState has returned: the runtime raises in the task, nothing reaches the host."""

import asyncio

tasks = set()


class Entry:
    async def createModelState(self, options):
        options.state_provider.provide("in_time", b"kept")

        async def late():
            await asyncio.sleep(0.05)
            options.state_provider.provide("late", b"refused")

        tasks.add(asyncio.get_running_loop().create_task(late()))

    def instantiateModel(self, options):
        return {}


model = Entry()
