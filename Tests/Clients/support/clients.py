"""Both of the real client's flavours behind one way to call them. The client itself is used as it is."""

import asyncio

import requests
from urllib3.util import SKIP_HEADER

from decthings_api import DecthingsClient, DecthingsClientSync


class SyncCalls:
    """`calls.model.get_models({})` is DecthingsClientSync's own call."""

    def __init__(self, server, key=None, headers=None):
        self.client = DecthingsClientSync(key, server.address, server.ws_address, headers)

    def __getattr__(self, api):
        return getattr(self.client, api)

    def over_websocket(self, api, method, params, blobs=()):
        done, result, error, data = self.client._raw_method_call(api, method, params, list(blobs), "ws")
        return result, error, data


class AsyncCalls:
    """The same of DecthingsClient, each call in an event loop of its own."""

    def __init__(self, server, key=None, headers=None):
        self.make = lambda: DecthingsClient(key, server.address, server.ws_address, headers)

    def __getattr__(self, api):
        return _AsyncAPI(self.make, api)

    def over_websocket(self, api, method, params, blobs=()):
        async def call():
            done, result, error, data = await self.make()._raw_method_call(api, method, params, list(blobs), "ws")
            return result, error, data

        return asyncio.run(call())


class _AsyncAPI:
    def __init__(self, make, api):
        self.make = make
        self.api = api

    def __getattr__(self, method):
        def call(*arguments):
            async def run():
                return await getattr(getattr(self.make(), self.api), method)(*arguments)

            return asyncio.run(run())

        return call


def varint(value):
    """The wire's own encoding of a length; the client's cannot say 65536."""
    if value < 253:
        return bytes([value])
    for tag, size in ((0xFD, 2), (0xFE, 4), (0xFF, 8)):
        if value < 1 << 8 * size:
            return bytes([tag]) + value.to_bytes(size, "big")
    raise ValueError(value)


def read_varint(data, at):
    size = {0xFD: 2, 0xFE: 4, 0xFF: 8}.get(data[at], 0)
    return (data[at], at + 1) if not size else (int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size)


def frame(text, blobs=()):
    """A request's body: `text` is the JSON as it is sent."""
    encoded = text.encode()
    return b"".join([bytes([len(blobs)]), varint(len(encoded)), *(varint(len(blob)) for blob in blobs), encoded, *blobs])


def parse_answer(data):
    length, at = read_varint(data, 0)
    text, at = data[at : at + length], at + length
    blobs = []
    while at < len(data):
        length, at = read_varint(data, at)
        assert at + length <= len(data), "the last blob is whole"
        blobs.append(data[at : at + length])
        at += length
    return text, blobs


def post(server, path, body, headers=None):
    """A request with no client in between: what TypeScript and Rust programs put on the wire."""
    # Rust sends no User-Agent; this is how urllib3 is told to send none.
    chosen = {"Content-Type": "application/octet-stream", "User-Agent": SKIP_HEADER, **(headers or {})}
    session = requests.Session()
    session.trust_env = False
    return session.post(f"{server.address}/{path}", data=body, headers=chosen, timeout=120)
