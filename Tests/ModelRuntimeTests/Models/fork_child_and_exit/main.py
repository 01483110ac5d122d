"""Leaves a child that holds the socket open and then exits with status 3: the socket never closes, yet the model is dead."""

import os
import time


class Entry:
    def createModelState(self, options):
        if os.fork() == 0:
            time.sleep(600)
        os._exit(3)

    def instantiateModel(self, options):
        return {}


model = Entry()
