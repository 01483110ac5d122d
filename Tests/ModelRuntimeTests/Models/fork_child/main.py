"""Answers properly but leaves a child process, which keeps the model's output and socket open and ignores SIGTERM.

The key `pid` holds the child's id in decimal. With the parameter `detached` (any item) the child has a session of its own,
so that a signal to the process group does not reach it.
"""

import os
import signal
import time


class Entry:
    def createModelState(self, options):
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if "detached" in options.params:
                os.setsid()
            time.sleep(600)
            os._exit(0)
        options.state_provider.provide("pid", str(pid).encode())

    def instantiateModel(self, options):
        return {}


model = Entry()
