"""What every runtime must be able to do. Items are raw bytes: it does without make_model.

createModelState keeps each parameter's items joined; a parameter `raise` raises, `exit` ends the process with status 3; of each
mounted model it keeps the state's keys and the file `note.txt`. An instance keeps its state, answers evaluate with what it was
given, and training adds each item of `x` to the key `log` and reports it as the metric `seen`.
"""

import asyncio
import os


class Instance:
    def __init__(self, state, notes):
        self.state = state
        self.notes = notes

    async def evaluate(self, options):
        outputs = []
        for name, loader in options.params.items():
            outputs.append({"name": name, "data": await loader.next(loader.size())})
        if "state" in options.params:
            raise ValueError(",".join(sorted(self.state)) + ";" + ",".join(self.notes))
        return outputs

    async def train(self, options):
        xs = options.params["x"]
        count = xs.size()
        for number in range(count):
            item = (await xs.next(1))[0]
            self.state["log"] = self.state.get("log", b"") + item
            options.tracker.metrics([{"name": "seen", "value": item}])
            options.tracker.progress((number + 1) / count)
        if "raise" in options.params:
            raise ValueError("raised on request")
        if "wait" in options.params:
            await asyncio.sleep(3600)

    async def getModelState(self, options):
        for key, value in self.state.items():
            options.state_provider.provide(key, value)


def note(other):
    with open(os.path.join(other.mount_path, "note.txt"), "rb") as file:
        return file.read()


class Entry:
    async def createModelState(self, options):
        if "exit" in options.params:
            os._exit(3)
        for name, loader in options.params.items():
            items = await loader.next(loader.size())
            options.state_provider.provide(name, b"".join(items))
        for model_id, other in options.other_models.items():
            options.state_provider.provide(f"{model_id}/note", note(other))
            for key, loader in other.state.items():
                options.state_provider.provide(f"{model_id}/{key}", await loader.read())
        if "raise" in options.params:
            raise ValueError("raised on request")

    async def instantiateModel(self, options):
        state = {key: await loader.read() for key, loader in options.state.items()}
        if "raise" in state:
            raise ValueError("raised on request")
        return Instance(state, [note(other).decode() for other in options.other_models.values()])


model = Entry()
