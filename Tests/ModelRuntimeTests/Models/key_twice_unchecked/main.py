"""Sends a key twice past the runtime's own check and answers `{}`: only the host can refuse it."""

import inspect

from decthings_model.run.run import sendEventToParent


class Entry:
    def createModelState(self, options):
        command_id = inspect.getclosurevars(options.state_provider._provide).nonlocals["commandId"]
        for value in (b"first", b"second"):
            sendEventToParent("provideStateData", {"commandId": command_id, "names": ["a"]}, [value])

    def instantiateModel(self, options):
        return {}


model = Entry()
