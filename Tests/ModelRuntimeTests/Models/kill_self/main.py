"""Kills itself with SIGKILL in createModelState, as the kernel does to a process that takes too much memory."""

import os
import signal


class Entry:
    def createModelState(self, options):
        os.kill(os.getpid(), signal.SIGKILL)

    def instantiateModel(self, options):
        return {}


model = Entry()
