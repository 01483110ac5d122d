"""Writes 4 MiB to stdout and to stderr before it provides its key: a host that does not drain them stops the model."""

import os


class Entry:
    def createModelState(self, options):
        for _ in range(64):
            for descriptor in (1, 2):
                rest = b"x" * 65535 + b"\n"
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
        options.state_provider.provide("done", b"yes")

    def instantiateModel(self, options):
        return {}


model = Entry()
