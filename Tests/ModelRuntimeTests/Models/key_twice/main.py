"""Provides a key twice through the provider: the runtime itself raises, after the first value has been sent."""


class Entry:
    def createModelState(self, options):
        options.state_provider.provide("a", b"first")
        options.state_provider.provide("a", b"second")

    def instantiateModel(self, options):
        return {}


model = Entry()
