"""Sends 101 keys past the runtime's own check, 60 in one event and 41 one by one: only the host can refuse them."""

import inspect

from decthings_model.run.run import sendEventToParent


class Entry:
    def createModelState(self, options):
        command_id = inspect.getclosurevars(options.state_provider._provide).nonlocals["commandId"]
        names = [f"key{number}" for number in range(101)]
        for group in [names[:60]] + [[name] for name in names[60:]]:
            sendEventToParent("provideStateData", {"commandId": command_id, "names": group}, [b"x"] * len(group))

    def instantiateModel(self, options):
        return {}


model = Entry()
