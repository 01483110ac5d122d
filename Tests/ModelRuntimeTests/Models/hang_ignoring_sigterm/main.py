"""Blocks in createModelState and ignores SIGTERM: only SIGKILL ends it."""

import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Entry:
    def createModelState(self, options):
        end = time.monotonic() + 600
        while time.monotonic() < end:
            time.sleep(1)

    def instantiateModel(self, options):
        return {}


model = Entry()
