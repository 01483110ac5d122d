"""createState: real model code in real processes, and every way in which it can be refused or fail."""

import json
import threading

import numpy as np
from decthings_api import DecthingsElementImage, DecthingsTensor

from support.clients import frame, parse_answer, post
from support.models import BREAKS_THE_PROTOCOL, EXITS_AT_START, HANGS_AT_START, KEEPER, RAISES_AT_START
from support.server import Server
from support.scenario import TEMPORARY, Scenario, numbers, text, with_both_clients

INTEGERS = {"i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8", "u8": "u1", "u16": "<u2", "u32": "<u4", "u64": "<u8"}


def array(kind, values, dtype):
    return DecthingsTensor(np.array(values, dtype=dtype), kind, [len(values)])


def objects(kind, values):
    elements = np.empty(len(values), dtype=object)
    elements[:] = values
    return DecthingsTensor(elements, kind, [len(values)])


class Tensors:
    """What the code was given is what the client sent, for each type that the client can encode."""

    def keeps(self, *tensors, expected=None):
        state = self.created(self.create_state(self.keeper(), {"x": list(tensors)}))
        self.assertEqual(self.state(self.keeper(), state)["x"], expected or b"".join(tensor.serialize() for tensor in tensors))

    def test_f32(self):
        self.keeps(array("f32", [1.5, -2, np.inf, np.nan], "<f4"))

    def test_f64(self):
        self.keeps(array("f64", [0.1, -1e300], "<f8"))

    def test_string(self):
        self.keeps(DecthingsTensor(["hi", "é", "", "\U0001f600" * 100], "string", [2, 2]))

    def test_binary_arrives_and_the_librarys_own_decoder_refuses_it(self):
        failed = self.failed(self.create_state(self.keeper(), {"x": [objects("binary", [b"\x01\x02", b""])]}), "exception", at="createState")
        self.assertIn("dtype=binary", failed["error"]["exceptionDetails"])

    def test_boolean(self):
        self.keeps(array("boolean", [True, False, True], bool))

    def test_image(self):
        self.keeps(objects("image", [DecthingsElementImage("png", b"\x89P"), DecthingsElementImage("jpg", b"")]))

    def test_audio(self):
        self.keeps(objects("audio", [DecthingsElementImage("wav", b"RIFF")]), expected=b"wavRIFF")

    def test_video(self):
        self.keeps(objects("video", [DecthingsElementImage("mp4", b"\0\0")]), expected=b"mp4\0\0")

    def test_several_tensors_of_one_parameter_in_their_order(self):
        self.keeps(numbers([1]), text("x"), numbers([[1, 2], [3, 4]], "u8"))

    def test_an_empty_list_is_a_parameter_with_nothing(self):
        self.keeps(expected=None)

    def test_scalars_and_empty_shapes(self):
        self.keeps(DecthingsTensor(np.array(3, "<f4"), "f32", []), array("u8", [], "u1"))

    def test_a_large_tensor(self):
        self.keeps(array("u8", list(bytes(range(256)) * 8000), "u1"))


def _integer_test(kind, dtype):
    def test(self):
        limits = np.iinfo(np.dtype(dtype))
        self.keeps(array(kind, [limits.min, 1, limits.max], dtype))

    return test


for _kind, _dtype in INTEGERS.items():
    setattr(Tensors, f"test_{_kind}", _integer_test(_kind, _dtype))


class CreateState:
    def test_the_result_has_durations_and_the_state_is_stored_and_not_active(self):
        result = self.ok(self.create_state(self.new_model(KEEPER), {"a": [numbers([1])]}, TEMPORARY))
        self.assertEqual(set(result), {"success"})
        durations = result["success"]["durations"]
        self.assertEqual(set(durations), {"total", "createLauncher", "codeStartup", "createState"})
        self.assertTrue(all(isinstance(value, int) for value in durations.values()))

    def test_warm_code_leaves_its_durations_out(self):
        self.created(self.create_state(self.keeper(), {}))
        durations = self.ok(self.create_state(self.keeper(), {}))["success"]["durations"]
        self.assertEqual(set(durations), {"total", "createState"})

    def test_a_new_state_has_the_keys_in_the_order_in_which_they_came(self):
        model = self.keeper()
        state = self.created(self.create_state(model, {"b": [numbers([1])], "a": [text("x")]}))
        found = next(found for found in self.model(model)["states"] if found["id"] == state)
        self.assertEqual(([entry["key"] for entry in found["state"]], found["name"], found["trainingOperations"]), (["b", "a"], "created", []))
        self.assertNotEqual(self.model(model)["activeState"], state)

    def test_parameters_come_out_of_datasets(self):
        dataset = self.new_dataset("label", "pixels")
        entries = [{"key": "label", "data": [text("a"), text("b")]}, {"key": "pixels", "data": [numbers([1]), numbers([2])]}]
        self.ok(self.calls.dataset.add_entries({"datasetId": dataset, "keys": entries}))
        self.ok(self.calls.dataset.add_entries_to_needs_review({"datasetId": dataset, "keys": entries}))
        params = {"p": {"type": "dataset", "datasetId": dataset, "datasetKey": "pixels"}, "inline": [text("x")],
                  "l": {"type": "dataset", "datasetId": dataset, "datasetKey": "label"}}
        state = self.state(self.keeper(), self.created(self.create_state(self.keeper(), params)))
        self.assertEqual(state["p"], numbers([1]).serialize() + numbers([2]).serialize(), "finished entries only")
        self.assertEqual(state["l"], text("a").serialize() + text("b").serialize())
        self.assertEqual(state["inline"], text("x").serialize())

    def test_models_are_mounted_by_active_state_by_state_and_by_snapshot(self):
        other = self.new_model()
        self.put(other, "note.txt", "of the snapshot")
        first, second = self.upload(other, k=b"1"), self.upload(other, k=b"2")
        self.activate(other, first)
        snapshot = self.snapshot(other)
        self.put(other, "note.txt", "of now")
        self.activate(other, second)
        for mount, value, note in ((({}), b"2", "of now"), ({"stateId": first}, b"1", "of now"), ({"snapshotId": snapshot}, b"1", "of the snapshot")):
            state = self.created(self.create_state(self.keeper(), {}, mountModels=[{"modelId": other, **mount}]))
            read = self.state(self.keeper(), state)
            self.assertEqual((read[f"{other}/k"], json.loads(read[f"{other}/files"])["note.txt"]), (value, note))

    def test_running_creations_are_listed_waited_for_and_cancelled(self):
        model = self.new_model(KEEPER)
        answers = []
        creating = threading.Thread(target=lambda: answers.append(self.create_state(model, {"do": [text("hang")]}, TEMPORARY)))
        creating.start()
        found = self.until(lambda: self.ok(self.calls.model.get_creating_states({"modelId": model}))["states"])
        self.assertEqual((len(found), found[0]["name"]), (1, "created"))
        waited = []
        at = {"modelId": model, "stateId": found[0]["id"]}
        waiting = threading.Thread(target=lambda: waited.append(self.Calls(self.server).model.wait_for_state_to_be_created(at)))
        waiting.start()
        # The Python client has no method for this.
        text_, _ = parse_answer(post(self.server, "Model/cancelCreateState", frame(json.dumps(at))).content)
        self.assertEqual(json.loads(text_), {"result": {}})
        creating.join()
        waiting.join()
        self.failed(answers[0], "cancelled")
        if waited[0][1] is None:
            self.failed(waited[0], "cancelled")
        else:
            self.assertEqual(waited[0][1]["code"], "state_not_found", "the wait came after the end")


class CreateStateRefusals:
    """Answered as errors: nothing has run."""

    def refuses(self, code, params=None, location=None, model=None, fields=None, **more):
        return self.refused(self.create_state(model or self.keeper(), params or {}, location, **more), code, **(fields or {}))

    def test_model_not_found(self):
        self.refuses("model_not_found", model="none")

    def test_model_to_mount_not_found(self):
        self.refuses("model_to_mount_not_found", mountModels=[{"modelId": "none"}])

    def test_state_for_model_to_mount_not_found(self):
        self.refuses("state_for_model_to_mount_not_found", mountModels=[{"modelId": self.keeper(), "stateId": "none"}])

    def test_snapshot_for_model_to_mount_not_found(self):
        self.refuses("snapshot_for_model_to_mount_not_found", mountModels=[{"modelId": self.keeper(), "snapshotId": "none"}])

    def test_state_and_snapshot_of_one_mount(self):
        self.refuses("invalid_parameter", fields={"parameterName": "mountModels"},
                     mountModels=[{"modelId": self.keeper(), "stateId": "a", "snapshotId": "b"}])

    def test_persistent_launcher_not_found(self):
        self.refuses("persistent_launcher_not_found", location={"type": "persistentLauncher", "persistentLauncherId": "none"})

    def test_dataset_not_found_names_the_dataset(self):
        self.refuses("dataset_not_found", {"x": {"type": "dataset", "datasetId": "none", "datasetKey": "k"}}, fields={"datasetId": "none"})

    def test_dataset_key_not_found_names_dataset_and_key(self):
        dataset = self.new_dataset("x")
        self.refuses("dataset_key_not_found", {"x": {"type": "dataset", "datasetId": dataset, "datasetKey": "y"}},
                     fields={"datasetId": dataset, "datasetKey": "y"})

    def test_snapshot_no_longer_exists(self):
        origin = self.new_model(KEEPER)
        snapshot = self.snapshot(origin)
        model = self.ok(self.calls.model.create_model({
            "name": self.name(), "description": "",
            "options": {"type": "basedOnModelSnapshot", "modelId": origin, "snapshotId": snapshot, "initialState": {"method": "copy"}}}))["modelId"]
        self.ok(self.calls.model.delete_snapshot({"modelId": origin, "snapshotId": snapshot}))
        self.assertTrue(self.model(model)["basedOnSnapshot"]["noLongerExists"])
        self.refuses("snapshot_no_longer_exists", model=model, location=TEMPORARY)

    def test_empty_and_overlong_names(self):
        for name in ("", "x" * 256):
            answer = self.calls.model.create_state({"modelId": self.keeper(), "name": name, "params": [], "executionLocation": self.warm()})
            self.refused(answer, "invalid_parameter", parameterName="name")

    def test_launchers_that_cannot_be_made(self):
        for spec in ({"cpus": 0, "memoryMebibytes": 512}, {"cpus": 1, "memoryMebibytes": -1}, {"cpus": 1}):
            self.refuses("invalid_parameter", location={"type": "temporaryLauncher", "spec": spec}, fields={"parameterName": "executionLocation"})

    def test_parameters_that_the_model_does_not_declare_lacks_or_wants_otherwise(self):
        definition = {"name": "x", "required": True, "rules": {"shape": [2], "allowedTypes": ["f32"], "annotations": []}}
        model = self.new_model(KEEPER, parameterDefinitions={"createState": [definition], "train": [], "evaluateInput": [], "evaluateOutput": []})
        good = [numbers([1, 2])]
        for params in ({}, {"x": good, "y": good}, {"x": [numbers([1, 2], "f64")]}, {"x": [numbers([1])]}):
            error = self.refuses("invalid_parameter", params, model=model, location=TEMPORARY, fields={"parameterName": "params"})
            self.assertTrue(error["reason"])
        self.created(self.create_state(model, {"x": good}, TEMPORARY))

    def test_a_parameter_given_twice(self):
        answer = self.calls.model.create_state({
            "modelId": self.keeper(), "name": "s", "params": [{"name": "x", "data": []}, {"name": "x", "data": []}], "executionLocation": self.warm()})
        self.refused(answer, "invalid_parameter", parameterName="params")


class CreateStateFailures:
    """Answered as results: the code has run, or tried to."""

    def broken(self, source, code, location=TEMPORARY, seconds=None, **fields):
        model = self.new_model(source)
        if seconds:
            durations = {"codeStartup": 60, "instantiateModel": 60, "createState": 600, "train": 60, "evaluate": 60, **seconds}
            self.ok(self.calls.model.update_model({"modelId": model, "properties": {"maxDurationsSeconds": durations}}))
        states = len(self.model(model)["states"])
        failed = self.failed(self.create_state(model, {}, location), code, **fields)
        self.assertEqual(len(self.model(model)["states"]), states, "nothing is stored")
        self.assertIn("total", failed["durations"])
        return failed

    def on_request(self, what, code, **fields):
        return self.failed(self.create_state(self.keeper(), {"early": [text("x")], "do": [text(what)]}, TEMPORARY), code, **fields)

    def test_read_executable_file_failed(self):
        self.broken(None, "read_executable_file_failed")

    def test_exception_at_code_startup_with_the_traceback(self):
        failed = self.broken(RAISES_AT_START, "exception", at="codeStartup")
        self.assertIn("raised while loading", failed["error"]["exceptionDetails"])
        self.assertNotIn("createState", failed["durations"])

    def test_exception_in_create_model_state_with_the_traceback(self):
        failed = self.on_request("raise", "exception", at="createState")
        self.assertIn("raised on request", failed["error"]["exceptionDetails"])

    def test_exit_at_code_startup(self):
        self.broken(EXITS_AT_START, "code_terminated", exitCode=9, oom=False)

    def test_exit_in_create_model_state(self):
        self.on_request("exit", "code_terminated", exitCode=7, oom=False)

    def test_killed_by_a_signal(self):
        self.on_request("kill", "code_terminated", signal="SIGKILL", oom=False)

    def test_killed_for_want_of_memory(self):
        self.on_request("fill", "code_terminated", signal="SIGKILL", oom=True)

    def test_a_runtime_that_breaks_the_protocol(self):
        model = self.new_model(language="rust")
        self.put(model, "model", BREAKS_THE_PROTOCOL)
        inode = self.ok(self.calls.fs.lookup({"modelId": model, "parent": 1, "name": "model"}))["inode"]
        self.ok(self.calls.fs.setattr({"modelId": model, "inode": inode, "mode": 0o755}))
        self.failed(self.create_state(model, {}, TEMPORARY), "unknown")

    def test_max_duration_of_code_startup(self):
        self.broken(HANGS_AT_START, "max_duration_exceeded", seconds={"codeStartup": 1}, at="codeStartup")

    def test_max_duration_of_create_state(self):
        model = self.new_model(KEEPER)
        durations = {"codeStartup": 60, "instantiateModel": 60, "createState": 1, "train": 60, "evaluate": 60}
        self.ok(self.calls.model.update_model({"modelId": model, "properties": {"maxDurationsSeconds": durations}}))
        self.failed(self.create_state(model, {"do": [text("hang")]}, TEMPORARY), "max_duration_exceeded", at="createState")

    def test_invalid_executable_file(self):
        model = self.new_model(language="rust")
        self.put(model, "model", "no program")
        inode = self.ok(self.calls.fs.lookup({"modelId": model, "parent": 1, "name": "model"}))["inode"]
        self.ok(self.calls.fs.setattr({"modelId": model, "inode": inode, "mode": 0o755}))
        self.failed(self.create_state(model, {}, TEMPORARY), "invalid_executable_file")


for _scenarios in (Tensors, CreateState, CreateStateRefusals, CreateStateFailures):
    globals().update(with_both_clients(_scenarios))


class CreateStateOnAServerOfItsOwn(Scenario):
    """What takes all of a server, or ends it."""

    def setUp(self):
        self.server = Server("--no-keys")
        self.addCleanup(self.server.stop)
        self.calls = self.Calls(self.server)

    def test_server_overloaded_while_a_persistent_launcher_holds_all_memory(self):
        model = self.new_model(KEEPER)
        self.new_launcher(memoryMebibytes=1 << 30)
        self.failed(self.create_state(model, {}, TEMPORARY), "server_overloaded")

    def test_launcher_terminated_when_the_server_ends(self):
        model = self.new_model(KEEPER)
        location = {"type": "persistentLauncher", "persistentLauncherId": self.new_launcher()}
        answers = []
        creating = threading.Thread(target=lambda: answers.append(self.create_state(model, {"do": [text("hang")]}, location)))
        creating.start()
        self.until(lambda: self.ok(self.calls.model.get_creating_states({"modelId": model}))["states"])
        self.server.process.terminate()
        creating.join()
        self.failed(answers[0], "launcher_terminated")
        self.assertEqual(self.server.process.wait(30), 0)
