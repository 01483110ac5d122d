"""Raises in createModelState after it has provided a key: the call fails and the key must be thrown away."""


class Entry:
    def createModelState(self, options):
        options.state_provider.provide("early", b"thrown away")
        raise ValueError("raised in createModelState")

    def instantiateModel(self, options):
        return {}


model = Entry()
