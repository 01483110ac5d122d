"""Provides 101 keys one by one: the runtime itself raises at the 100th, after 99 have been sent."""


class Entry:
    def createModelState(self, options):
        for number in range(101):
            options.state_provider.provide(f"key{number}", b"x")

    def instantiateModel(self, options):
        return {}


model = Entry()
