"""Runs the Python source in the item of the parameter `script`, which has `provide(key, bytes)` in scope."""


class Entry:
    async def createModelState(self, options):
        source = (await options.params["script"].next(1))[0]
        exec(compile(source, "script", "exec"), {"provide": options.state_provider.provide, "options": options})

    def instantiateModel(self, options):
        return {}


model = Entry()
