"""Raises with a text that no UTF-8 can carry: the result's JSON holds escapes of lone surrogates, stderr holds odd bytes."""

import os


class Entry:
    def createModelState(self, options):
        os.write(2, b"odd bytes \xff\xfe\x00 on stderr\n")
        raise ValueError("lone \udcff and \ud800, a NUL \0, an escape \x1b[31m, a pair \U0001F600")

    def instantiateModel(self, options):
        return {}


model = Entry()
