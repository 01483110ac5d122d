"""Ends its process with status 3 in the middle of createModelState: the socket closes and no result ever comes."""

import os


class Entry:
    def createModelState(self, options):
        os._exit(3)

    def instantiateModel(self, options):
        return {}


model = Entry()
