"""Provides one value of `mebibytes` (i64 scalar) MiB under the key `value`: proves bounded memory in the host.

The value is little-endian 64-bit words; word i is i * 0x9E3779B97F4A7C15 modulo 2^64.
"""

import numpy as np
from decthings_model import make_model


class Entry:
    async def createModelState(self, options):
        mebibytes = (await options.params["mebibytes"].next(1))[0].item()
        words = np.arange(mebibytes << 17, dtype="<u8")
        words *= np.uint64(0x9E3779B97F4A7C15)
        options.state_provider.provide("value", words.tobytes())

    def instantiateModel(self, options):
        return {}


model = make_model(Entry())
