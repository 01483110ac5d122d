#!/usr/bin/env python3
"""Takes the interpreter's place and breaks the runtime protocol in the way that its first argument names.

The two arguments behind it are the sizes of the items of the first parameter.
"""

import json
import os
import socket
import struct
import sys
import time

behaviour = sys.argv[1]
item_sizes = [int(size) for size in sys.argv[2:4]]
if behaviour == "never_connects":
    time.sleep(600)
if behaviour == "exits_before_connecting":
    os._exit(9)

peer = socket.socket(socket.AF_UNIX)
peer.connect(os.environ["IPC_PATH"])
stream = peer.makefile("rb")


def message(value, blobs=()):
    text = json.dumps(value).encode()
    frame = b"\0" + struct.pack(">IQ", len(blobs), len(text)) + text
    return frame + b"".join(struct.pack(">Q", len(blob)) + blob for blob in blobs) + b"\0"


def data_event(value):
    text = json.dumps(value).encode()
    return b"\1" + struct.pack(">Q", len(text)) + text


def command():
    assert stream.read(1) == b"\0"
    return json.loads(stream.read(struct.unpack(">Q", stream.read(8))[0]))


def provide(names, blobs, call="0"):
    return message({"event": "provideStateData", "params": {"commandId": call, "names": names}}, blobs)


def request(dataset, number, start=0, amount=1):
    fields = {"event": "requestData", "requestId": number, "dataset": dataset}
    return data_event(fields | {"startIndex": start, "amount": amount})


def answer_sizes():
    assert stream.read(1) == b"\1"
    number, count = struct.unpack(">II", stream.read(8))
    sizes = []
    for _ in range(count):
        (size,) = struct.unpack(">Q", stream.read(8))
        stream.read(size)
        sizes.append(size)
    return number, sizes


hello = message({"event": "modelSessionInitialized", "params": {}})
done = message({"id": "0", "result": {}})
half = hello[: len(hello) // 2]

assert command()["method"] == "initialize"
at_start = {
    "garbage_first_byte": b"\x7f" * 64,
    "huge_json_length": b"\0" + struct.pack(">IQ", 0, 2**63),
    "json_too_long": b"\0" + struct.pack(">IQ", 0, 1 << 30),
    "huge_blob_count": b"\0" + struct.pack(">IQ", 2**32 - 1, 2) + b"{}",
    "broken_json": b"\0" + struct.pack(">IQ", 0, 3) + b"{{{" + b"\0",
    "no_utf8": b"\0" + struct.pack(">IQ", 0, 3) + b"\xff\xfe\xfd" + b"\0",
    "half_frame": half,
    "half_frame_and_exit": half,
    "half_frame_and_close": half,
}
if behaviour in at_start:
    peer.sendall(at_start[behaviour])
    if behaviour == "half_frame_and_exit":
        os._exit(7)
    if behaviour == "half_frame_and_close":
        peer.shutdown(socket.SHUT_RDWR)
    time.sleep(600)

long_details = "first " + 500_000 * "é" + " last"
if behaviour == "long_details_at_start":
    error = {"code": "exception", "details": long_details}
    peer.sendall(message({"event": "modelSessionInitialized", "params": {"error": error}}))
    time.sleep(600)
if behaviour == "second_connection":
    other = socket.socket(socket.AF_UNIX)
    try:
        other.connect(os.environ["IPC_PATH"])
        other.sendall(b"\x7f" * 1000)
        assert other.recv(1) == b""
    except OSError:
        pass
if behaviour == "unknown_messages":
    peer.sendall(message({"event": "somethingNew", "params": [1]}, [b"x" * 100000, b""]))
    peer.sendall(message({"id": "99", "result": {}}))
    peer.sendall(data_event({"event": "shuffle", "datasets": ["7"]}))
for position in range(len(hello)) if behaviour == "byte_by_byte" else ():
    peer.sendall(hello[position : position + 1])
    time.sleep(0.001)
if behaviour != "byte_by_byte":
    peer.sendall(hello)

if behaviour == "never_reads":
    time.sleep(600)
command()
if behaviour == "unknown_messages":
    peer.sendall(message({"event": "trainingProgress", "params": {"trainingSessionId": "t", "progress": float("nan")}}))
    peer.sendall(provide(["not mine"], [b"x" * 100000], call="41"))
    peer.sendall(message({"id": "41", "result": {"error": {"code": "exception"}}}))
elif behaviour == "unknown_dataset":
    peer.sendall(request("nothing", 5) + request("0", 6, amount=9) + request("0", 2**32 - 1, start=2**32 - 1))
    assert [answer_sizes() for _ in range(3)] == [(5, []), (6, item_sizes), (2**32 - 1, [])]
elif behaviour == "sends_before_it_reads":
    peer.sendall(b"".join(request("1", number) for number in range(20)) + provide(["large"], [bytes(8 << 20)]))
    assert [answer_sizes() for _ in range(20)] == [(number, [1 << 20]) for number in range(20)]
elif behaviour == "shuffles":
    peer.sendall(data_event({"event": "shuffle", "datasets": ["0"]}) + request("0", 1, amount=2))
    assert sorted(answer_sizes()[1]) == item_sizes
elif behaviour.startswith("half_key"):
    # A key has been written whole, and half of the next.
    peer.sendall(provide(["whole", "half"], [os.urandom(3 << 20), os.urandom(5 << 20)])[: 6 << 20])
    if behaviour == "half_key_and_exit":
        os._exit(7)
    if behaviour == "half_key_and_close":
        peer.shutdown(socket.SHUT_RDWR)
    time.sleep(600)
elif behaviour == "101_keys":
    peer.sendall(provide([f"key{number}" for number in range(101)], [os.urandom(100_000)] * 101))
    time.sleep(600)
elif behaviour == "key_twice":
    peer.sendall(provide(["a"], [os.urandom(1 << 20)]))
elif behaviour == "key_twice_at_once":
    peer.sendall(provide(["b", "b"], [os.urandom(1 << 20), b""]))
    time.sleep(600)
elif behaviour == "key_too_long":
    peer.sendall(provide(["k" * 100_000], [b"1"]))
    time.sleep(600)
elif behaviour == "keys_and_error":
    error = {"code": "exception", "details": "given up"}
    peer.sendall(provide(["b"], [os.urandom(3 << 20)]) + message({"id": "0", "result": {"error": error}}))
    time.sleep(600)
elif behaviour == "value_too_large":
    peer.sendall(provide(["a"], [b""])[:-9] + struct.pack(">Q", 2**30 + 1))
    time.sleep(600)
elif behaviour == "value_huge":
    peer.sendall(provide(["a"], [b""])[:-9] + struct.pack(">Q", 2**62))
    time.sleep(600)
elif behaviour == "fewer_blobs_than_names":
    peer.sendall(provide(["a", "b"], [b"1"]))
    time.sleep(600)
elif behaviour == "floods_requests":
    while True:
        peer.sendall(request("0", 0, amount=2) * 1000)
elif behaviour == "answer_is_no_object":
    peer.sendall(message({"id": "0", "result": 5}))
    time.sleep(600)
elif behaviour == "asks_and_exits_after_answer":
    # What the host still writes meets a closed socket; the answer has been sent whole and counts.
    peer.sendall(b"".join(request("1", number) for number in range(50)) + provide(["a"], [b"1"]) + done)
    os._exit(5)
elif behaviour == "closes_in_call":
    peer.shutdown(socket.SHUT_RDWR)
    time.sleep(600)
elif behaviour == "long_details":
    peer.sendall(message({"id": "0", "result": {"error": {"code": "exception", "details": long_details}}}))
    time.sleep(600)
elif behaviour == "bare_string_error":
    peer.sendall(message({"id": "0", "result": {"error": "instantiated_model_not_found"}}))
    time.sleep(600)
peer.sendall(provide(["a"], [b"1"]) + done)
if behaviour == "exits_after_answer":
    os._exit(5)
time.sleep(600)
