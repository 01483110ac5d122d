"""Blocks the runtime's only thread in createModelState: it neither reads nor writes any more. SIGTERM ends it."""

import time


class Entry:
    def createModelState(self, options):
        time.sleep(600)

    def instantiateModel(self, options):
        return {}


model = Entry()
