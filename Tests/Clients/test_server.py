"""What the server does around the methods: keys, limits, injected errors, WebSocket, signals."""

import asyncio
import json
import threading
import unittest

import numpy as np
import websockets

from support.clients import AsyncCalls, SyncCalls, frame, parse_answer, post, varint
from support.models import KEEPER
from support.scenario import TEMPORARY, Scenario, numbers, shared_server, text
from support.server import Server, make_key, strata


class Keys(Scenario):
    @classmethod
    def setUpClass(cls):
        import tempfile

        folder = tempfile.TemporaryDirectory(prefix="strata-clients-")
        cls.addClassCleanup(folder.cleanup)
        store = f"{folder.name}/store.strata"
        strata("init", "--store", store)
        cls.admin_key, cls.admin_id = make_key(store, "admin", "--access", "admin")
        cls.server = Server(store=store)
        cls.addClassCleanup(cls.server.stop)
        cls.store = store
        cls.calls = SyncCalls(cls.server, cls.admin_key)

    def key(self, *arguments):
        return make_key(self.store, self.name("key"), *arguments)

    def test_no_key_and_unknown_keys_are_bad_credentials(self):
        for key in (None, "unknown", self.admin_key + "x", ""):
            for Calls in (SyncCalls, AsyncCalls):
                self.refused(Calls(self.server, key).model.get_models({}), "bad_credentials")

    def test_white_space_around_a_key_does_not_matter(self):
        # This client sends keys as they are; requests refuses white space at a header's start.
        self.ok(SyncCalls(self.server, self.admin_key + " ").model.get_models({}))

    def test_a_key_that_may_read_reads_and_changes_nothing(self):
        model = self.new_model()
        reader = SyncCalls(self.server, self.key("--access", "read")[0])
        found = self.ok(reader.model.get_models({"filter": {"ids": [model]}}))["models"]
        self.assertEqual(found[0]["access"], "read")
        self.ok(reader.fs.getattr({"modelId": model, "inode": 1}))
        at = {"modelId": model}
        for answer in (
            reader.model.upload_state({**at, "name": "s", "data": []}), reader.model.update_model({**at, "properties": {}}),
            reader.model.delete_model(at), reader.fs.mkdir({**at, "parent": 1, "name": "x", "mode": 0}),
            reader.model.create_model({"name": self.name(), "description": "", "options": {"type": "code", "language": "python"}}),
            reader.model.create_state({**at, "name": "s", "params": [], "executionLocation": TEMPORARY}),
            reader.dataset.delete_dataset({"datasetId": self.new_dataset("x")}),
        ):
            self.refused(answer, "access_denied")

    def test_a_key_with_a_right_to_one_model_sees_no_other(self):
        mine, other = self.new_model(), self.new_model()
        calls = SyncCalls(self.server, self.key("--access", "none", "--right", f"{mine}=readwrite")[0])
        self.assertEqual([model["id"] for model in self.ok(calls.model.get_models({}))["models"]], [mine])
        self.ok(calls.model.upload_state({"modelId": mine, "name": "s", "data": []}))
        self.refused(calls.model.get_model_state({"modelId": other}), "model_not_found")
        self.refused(calls.fs.getattr({"modelId": other, "inode": 1}), "model_not_found")

    def test_public_models_are_read_by_every_key(self):
        made = self.ok(self.calls.model.create_model(
            {"name": self.name(), "description": "", "publicAccess": True, "options": {"type": "code", "language": "python"}}))
        calls = SyncCalls(self.server, self.key("--access", "none")[0])
        self.assertIn(made["modelId"], [model["id"] for model in self.ok(calls.model.get_models({}))["models"]])
        self.refused(calls.model.upload_state({"modelId": made["modelId"], "name": "s", "data": []}), "access_denied")

    def test_a_quota_of_states_and_bytes_is_kept(self):
        model = self.new_model()
        for arguments, data in ((("--max-states", "1"), b"1"), (("--max-bytes", "10"), b"123456")):
            calls = SyncCalls(self.server, self.key("--access", "readwrite", *arguments)[0])
            state = {"modelId": model, "name": "s", "data": [{"key": "k", "data": data}]}
            self.ok(calls.model.upload_state(state))
            self.refused(calls.model.upload_state(state), "quota_exceeded")

    def test_a_quota_of_models_is_kept(self):
        calls = SyncCalls(self.server, self.key("--access", "readwrite", "--max-models", "1")[0])
        create = lambda: calls.model.create_model({"name": self.name(), "description": "", "options": {"type": "code", "language": "python"}})
        self.ok(create())
        self.refused(create(), "quota_exceeded")

    def test_a_rate_of_requests_is_kept(self):
        calls = SyncCalls(self.server, self.key("--access", "read", "--max-requests-per-second", "0.01", "--request-burst", "2")[0])
        answers = [calls.model.get_models({}) for _ in range(3)]
        self.ok(answers[0])
        self.ok(answers[1])
        self.refused(answers[2], "too_many_requests")

    def test_a_revoked_key_is_refused_while_the_server_runs(self):
        key, id = self.key("--access", "read")
        calls = SyncCalls(self.server, key)
        self.ok(calls.model.get_models({}))
        strata("key", "revoke", id, "--store", self.store)
        self.until(lambda: (calls.model.get_models({})[1] or {}).get("code") == "bad_credentials")

    def test_a_key_travels_in_each_message_over_websocket(self):
        for Calls in (SyncCalls, AsyncCalls):
            result, error, _ = Calls(self.server, self.admin_key).over_websocket("Model", "getModels", {})
            self.assertIsNone(error)
            result, error, _ = Calls(self.server).over_websocket("Model", "getModels", {})
            self.assertEqual(error["code"], "bad_credentials")


class Injection(Scenario):
    """Each error of createState, asked for by a header."""

    def injected(self, code):
        for Calls in (SyncCalls, AsyncCalls):
            calls = Calls(self.server, headers=[("x-strata-inject", code)])
            self.refused(calls.model.create_state(
                {"modelId": "any", "name": "s", "params": [{"name": "x", "data": [numbers([1])]}], "executionLocation": TEMPORARY}), code)

    def test_errors_that_the_method_does_not_have_are_not_injected(self):
        calls = SyncCalls(self.server, headers=[("x-strata-inject", "ENOENT")])
        result, error = calls.model.create_state({"modelId": "any", "name": "s", "params": [], "executionLocation": TEMPORARY})
        self.assertNotEqual(error["code"], "ENOENT")


def _injection_test(code):
    return lambda self: self.injected(code)


for _code in (
    "bad_credentials", "too_many_requests", "payment_required", "unknown", "invalid_parameter", "access_denied", "quota_exceeded",
    "model_not_found", "model_to_mount_not_found", "state_for_model_to_mount_not_found", "snapshot_for_model_to_mount_not_found",
    "persistent_launcher_not_found", "snapshot_no_longer_exists", "dataset_not_found", "dataset_key_not_found",
):
    setattr(Injection, f"test_{_code}", _injection_test(_code))


class WebSocket(Scenario):
    def test_any_call_may_come_over_the_clients_socket(self):
        model = self.new_model()
        for Calls in (SyncCalls, AsyncCalls):
            calls = Calls(self.server)
            result, error, _ = calls.over_websocket("Model", "uploadState", {"modelId": model, "name": "s", "stateKeyNames": ["k", "e"]}, [b"v" * 70_000, b""])
            self.assertIsNone(error)
            result, error, data = calls.over_websocket("Model", "getModelState", {"modelId": model, "stateId": result["stateId"]})
            self.assertEqual((result["stateKeyNames"], data), (["k", "e"], [b"v" * 70_000, b""]))

    def test_errors_come_over_the_socket_as_over_http(self):
        for Calls in (SyncCalls, AsyncCalls):
            result, error, _ = Calls(self.server).over_websocket("FS", "getattr", {"modelId": "none", "inode": 1})
            self.assertEqual(error["code"], "model_not_found")

    def test_subscriptions_are_refused_clearly(self):
        answer = SyncCalls(self.server).terminal.subscribe_to_events({"terminalSessionId": "x"})
        self.refused(answer, "invalid_parameter", parameterName="method")

    def exchange(self, *messages):
        """The answers to raw messages, by their numbers."""
        async def run():
            async with websockets.connect(self.server.ws_address, max_size=None) as socket:
                for message in messages:
                    await socket.send(message)
                answers = {}
                for _ in messages:
                    answer = await asyncio.wait_for(socket.recv(), 60)
                    self.assertEqual(answer[0], 0)
                    answers[int.from_bytes(answer[1:5], "big")] = parse_answer(answer[5:])
                return answers

        return asyncio.run(run())

    def message(self, number, api, method, params, blobs=(), **more):
        return number.to_bytes(4, "big") + frame(json.dumps({"api": api, "method": method, "params": params, **more}), blobs)

    def test_many_calls_share_a_socket(self):
        model = self.new_model()
        answers = self.exchange(*(self.message(number, "FS", "getattr", {"modelId": model, "inode": 1}) for number in range(50)))
        self.assertEqual(sorted(answers), list(range(50)))
        self.assertTrue(all(json.loads(text)["result"]["stat"]["mode"] == 0o040755 for text, _ in answers.values()))

    def test_a_text_message_is_taken_for_its_bytes(self):
        message = self.message(7, "Model", "getModels", {"limit": 0})
        self.assertLess(max(message), 128)
        answers = self.exchange(message.decode())
        self.assertIn("result", json.loads(answers[7][0]))

    def test_unknown_methods_are_told_and_the_socket_stays(self):
        answers = self.exchange(self.message(1, "Nothing", "here", {}), self.message(2, "Model", "getModels", {"limit": 0}))
        self.assertEqual(json.loads(answers[1][0])["error"]["code"], "invalid_parameter")
        self.assertIn("result", json.loads(answers[2][0]))


class Process(Scenario):
    def test_a_server_that_is_stopped_ends_with_success_and_keeps_what_was_answered(self):
        import tempfile

        with tempfile.TemporaryDirectory(prefix="strata-clients-") as folder:
            store = f"{folder}/store.strata"
            for round in range(2):
                server = Server("--no-keys", store=store)
                self.calls = SyncCalls(server)
                if round == 0:
                    model = self.new_model()
                    state = self.upload(model, k=b"v" * 100_000)
                else:
                    self.assertEqual(self.state(model, state), {"k": b"v" * 100_000})
                self.assertEqual(server.stop(), 0)

    def test_a_server_without_keys_listens_to_this_machine_only(self):
        with self.assertRaises(RuntimeError):
            Server("--no-keys", "--host", "0.0.0.0").stop()
