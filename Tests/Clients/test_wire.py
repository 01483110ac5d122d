"""Requests as TypeScript and Rust programs put them on the wire (spec: wire.md), byte by byte."""

import json
import struct

from support.clients import frame, parse_answer, post, varint
from support.models import KEEPER
from support.scenario import Scenario, numbers, text

NODE = {"User-Agent": "node-fetch"}


class Wire(Scenario):
    def send(self, path, text, blobs=(), headers=None, body=None):
        """The envelope and the blobs; what every answer must be is checked here."""
        response = post(self.server, path, frame(text, blobs) if body is None else body, headers)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "application/octet-stream")
        self.assertNotIn("Content-Encoding", response.headers)
        self.assertEqual(int(response.headers["Content-Length"]), len(response.content))
        data, found = parse_answer(response.content)
        envelope = json.loads(data)
        self.assertEqual(len(envelope), 1)
        return envelope, found

    def result(self, path, params, blobs=(), headers=None):
        envelope, found = self.send(path, json.dumps(params), blobs, headers)
        self.assertIn("result", envelope, envelope)
        return envelope["result"], found

    def error(self, path, params, blobs=(), headers=None):
        envelope, found = self.send(path, params if isinstance(params, str) else json.dumps(params), blobs, headers)
        self.assertIn("error", envelope, envelope)
        self.assertEqual(found, [])
        return envelope["error"]


class Envelope(Wire):
    def test_null_is_an_empty_object(self):
        self.assertIn("result", self.send("Model/getModels", "null")[0])

    def test_an_array_as_rust_sends_it_is_refused_by_name(self):
        self.assertEqual(self.error("Model/createModel", '[{"name":"x"}]')["code"], "invalid_parameter")

    def test_unknown_methods_and_apis_are_answered(self):
        for path in ("Model/fly", "Nothing/getModels", "model/getModels"):
            error = self.error(path, {})
            self.assertEqual((error["code"], error["parameterName"]), ("invalid_parameter", "method"))
            self.assertIn(path, error["reason"])

    def test_integers_stay_integers(self):
        response = post(self.server, "Model/getModels", frame('{"limit": 3.0}'))
        self.assertNotIn(b".0", parse_answer(response.content)[0].replace(b'"', b"").split(b"limit:")[1][:8])

    def test_lengths_in_longer_form_than_needed_are_read(self):
        encoded = b'{"limit":0}'
        for length in (b"\xfd\x00\x0b", b"\xfe\x00\x00\x00\x0b", b"\xff" + bytes(7) + b"\x0b"):
            self.assertIn("result", self.send("Model/getModels", "", body=b"\0" + length + encoded)[0])

    def test_broken_frames_are_bad_requests(self):
        good = frame('{"limit":0}')
        for body in (b"", b"\0", good[:-1], good + b"x", b"\0\x03{{{", b"\x01" + good[1:]):
            self.assertEqual(post(self.server, "Model/getModels", body).status_code, 400, body)

    def test_lengths_that_nobody_sends_are_too_large(self):
        self.assertEqual(post(self.server, "Model/getModels", b"\0\xff" + b"\xff" * 8).status_code, 413)

    def test_numbers_that_are_no_json_are_bad_requests(self):
        self.assertEqual(post(self.server, "Model/getModels", frame('{"limit": NaN}')).status_code, 400)

    def test_other_verbs_and_paths_are_refused(self):
        import requests

        self.assertEqual(requests.get(f"{self.server.address}/Model/getModels", timeout=60).status_code, 405)
        self.assertEqual(requests.post(self.server.address.replace("/v0", "/v1") + "/Model/getModels", data=b"", timeout=60).status_code, 404)

    def test_browsers_may_ask_first(self):
        import requests

        answer = requests.options(f"{self.server.address}/Model/getModels", headers={"Origin": "http://localhost:8080"}, timeout=60)
        self.assertEqual(answer.status_code, 204)
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        self.assertTrue("authorization" in allowed and "content-type" in allowed)

    def test_text_beyond_ascii_is_utf8_or_escaped(self):
        for sent in ('{"name":"h\\u00e9 %s","description":"","options":{"type":"code","language":"python"}}', '{"name":"hé %s","description":"","options":{"type":"code","language":"python"}}'):
            name = self.name()
            made = self.send("Model/createModel", sent % name)[0]["result"]["modelId"]
            self.assertEqual(self.model(made)["name"], f"hé {name}")

    def test_keys_repeated_in_an_object_count_once(self):
        self.assertEqual(self.send("Model/getModels", '{"limit":1,"limit":0}')[0]["result"]["limit"], 0)


class TypeScript(Wire):
    def test_it_sets_the_active_state_by_its_own_name(self):
        model = self.new_model()
        state = self.upload(model, k=b"v")
        self.result("Model/setActiveModelState", {"modelId": model, "stateId": state}, headers=NODE)
        self.assertEqual(self.model(model)["activeState"], state)

    def test_a_blob_of_65536_bytes_which_python_cannot_send(self):
        model = self.new_model()
        blob = bytes(65536)
        self.assertEqual(varint(65536), b"\xfe\x00\x01\x00\x00")
        made, _ = self.result("Model/uploadState", {"modelId": model, "name": "s", "stateKeyNames": ["k"]}, [blob], NODE)
        self.assertEqual(self.state(model, made["stateId"]), {"k": blob})

    def test_255_keys_of_a_dataset_entry_fill_a_request(self):
        dataset = self.new_dataset("x")
        tensors = [numbers([number]).serialize() for number in range(255)]
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["x"]}, tensors, NODE)
        result, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": {"start": 0, "end": 999}}, headers=NODE)
        self.assertEqual((result["keys"], result["indexes"], blobs), (["x"], list(range(255)), tensors))

    def test_its_texts_beyond_ascii_are_mended(self):
        dataset = self.new_dataset("x")
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["x"]}, [bytes.fromhex("0b0102050161 01c3a9")], NODE)
        _, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": [0]}, headers=NODE)
        self.assertEqual(blobs, [bytes.fromhex("0b0102050161 02c3a9")])

    def test_its_audio_with_two_lengths_is_mended(self):
        dataset = self.new_dataset("x")
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["x"]}, [bytes.fromhex("0f010108050603 7761765249")], NODE)
        _, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": [0]}, headers=NODE)
        self.assertEqual(blobs, [bytes.fromhex("0f0101070603 7761765249")])

    def test_images_of_python_come_with_the_length_of_their_format(self):
        dataset = self.new_dataset("x")
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["x"]}, [bytes.fromhex("0e01010605706e678950")], NODE)
        _, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": [0]}, headers=NODE)
        self.assertEqual(blobs, [bytes.fromhex("0e0101070603706e678950")])

    def test_a_finished_evaluation_has_both_names(self):
        model = self.new_model(KEEPER)
        self.result("Model/evaluate", {"modelId": model, "params": [{"name": "x"}]}, [text("a").serialize()], NODE)
        found = self.result("Model/getEvaluations", {"modelId": model}, headers=NODE)[0]["finished"][0]["id"]
        result, blobs = self.result("Model/getFinishedEvaluationResult", {"modelId": model, "evaluationId": found}, headers=NODE)
        self.assertEqual(set(result), {"success", "evaluationSuccess"})
        self.assertEqual([output["name"] for output in result["success"]["output"]], ["x", "weight"])
        self.assertEqual(blobs[0], text("a").serialize())
        rust, _ = self.result("Model/getFinishedEvaluationResult", {"modelId": model, "evaluationId": found})
        self.assertEqual(set(rust), {"success"})

    def test_files_are_written_under_their_own_name(self):
        model = self.new_model()
        made, _ = self.result("FS/mknod", {"modelId": model, "parent": 1, "name": "bWFpbi5weQ==", "mode": 33188, "dev": 0}, headers=NODE)
        written, _ = self.result("FS/write", {"modelId": model, "inode": made["inode"], "offset": 0, "truncate": True}, [b"abc"], NODE)
        self.assertEqual(written, {"bytesWritten": 3})
        _, blobs = self.result("FS/read", {"modelId": model, "inode": made["inode"], "offset": 3, "count": 5}, headers=NODE)
        self.assertEqual(blobs, [b""], "the blob is there though it is empty")

    def test_inline_data_said_aloud_is_understood(self):
        params = [{"name": "x", "data": None}, {"name": "y", "data": {"type": "data"}}, {"name": "z"}]
        blobs = [text(value).serialize() for value in "abc"]
        result, _ = self.result("Model/createState", {
            "modelId": self.keeper(), "name": "s", "params": params, "executionLocation": self.warm()}, blobs, NODE)
        self.assertEqual(self.state(self.keeper(), result["success"]["stateId"]), dict(zip("xyz", blobs)))

    def test_the_example_program_as_typescript_sends_it(self):
        model, _ = self.result("Model/createModel", {
            "name": self.name(), "description": "", "options": {"type": "code", "language": "python", "preset": "sample"}}, headers=NODE)
        # JSON.stringify leaves no spaces; the provider of inline data has no `data`; `mountModels: undefined` is not there.
        text_ = ('{"modelId":"%s","name":"My new state","params":[{"name":"factor"}],"executionLocation":'
                 '{"type":"temporaryLauncher","spec":{"cpus":1,"memoryMebibytes":512}}}' % model["modelId"])
        tensor = bytes.fromhex("010000006040")
        body = bytes([1, len(text_), len(tensor)]) + text_.encode() + tensor
        self.assertLess(len(text_), 253)
        envelope, _ = self.send("Model/createState", text_, headers=NODE, body=body)
        self.assertEqual(set(envelope["result"]["success"]), {"durations", "stateId"})
        self.assertEqual(self.state(model["modelId"], envelope["result"]["success"]["stateId"]), {"factor": struct.pack("<d", 3.5)})

    def test_blobs_that_params_do_not_call_for_are_refused(self):
        params = {"modelId": self.keeper(), "name": "s", "params": [{"name": "x"}], "executionLocation": self.warm()}
        for blobs in ([], [b"", b""]):
            error = self.error("Model/createState", params, blobs, NODE)
            self.assertEqual((error["code"], error["parameterName"]), ("invalid_parameter", "params"))

    def test_broken_tensors_are_refused(self):
        params = {"modelId": self.keeper(), "name": "s", "params": [{"name": "x"}], "executionLocation": self.warm()}
        for blob in (b"\0", b"\x01", b"\x01\0\0", b"\x63\0\0", b"\x01\x02\xff" + b"\xff" * 8 + b"\xff" * 9, text("a").serialize() + b"\1"):
            self.assertEqual(self.error("Model/createState", params, [blob], NODE)["code"], "invalid_parameter", blob)


class Rust(Wire):
    def test_its_spelling_of_dataset_parameters_is_understood(self):
        dataset = self.new_dataset("k")
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["k"]}, [text("v").serialize()])
        params = [{"name": "x", "data": {"type": "dataset", "dataset_id": dataset, "dataset_key": "k"}}]
        result, _ = self.result("Model/createState", {"modelId": self.keeper(), "name": "s", "params": params, "executionLocation": self.warm()})
        self.assertEqual(self.state(self.keeper(), result["success"]["stateId"])["x"], text("v").serialize())

    def test_its_names_of_apis_and_methods_are_understood(self):
        self.result("PersistentLaunchers/getPersistentLaunchers", {})
        self.assertEqual(self.error("Model/waitForModelToBeCrated", {"modelId": self.keeper()})["code"], "model_already_created")

    def test_an_upload_without_key_names_is_refused(self):
        error = self.error("Model/uploadState", {"modelId": self.keeper(), "name": "s"}, [b"x"])
        self.assertEqual((error["code"], error["parameterName"]), ("invalid_parameter", "stateKeyNames"))

    def test_its_unsorted_keys_belong_to_sorted_blobs(self):
        dataset = self.new_dataset("c", "a")
        self.result("Dataset/addEntries", {"datasetId": dataset, "keys": ["c", "a"]}, [text("of a").serialize(), text("of c").serialize()])
        result, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": [0]})
        self.assertEqual((result["keys"], blobs), (["a", "c"], [text("of a").serialize(), text("of c").serialize()]))

    def test_reviewed_entries_are_finalized_without_key_names(self):
        dataset = self.new_dataset("x")
        self.result("Dataset/addEntriesToNeedsReview", {"datasetId": dataset, "keys": ["x"]}, [numbers([1]).serialize()])
        self.result("Dataset/finalizeNeedsReviewEntries", {"datasetId": dataset, "indexes": [0]}, [numbers([2]).serialize()])
        _, blobs = self.result("Dataset/getEntries", {"datasetId": dataset, "entries": [0]})
        self.assertEqual(blobs, [numbers([2]).serialize()])

    def test_stat_has_the_fields_that_it_requires(self):
        stat = self.result("FS/getattr", {"modelId": self.new_model(), "inode": 1})[0]["stat"]
        for field in ("mode", "nlink", "rdev", "size", "blksize", "blocks", "atime", "mtime", "ctime", "atimeNsec", "mtimeNsec", "ctimeNsec"):
            self.assertIsInstance(stat[field], int)

    def test_every_model_has_the_fields_that_it_requires(self):
        model = self.result("Model/getModels", {"filter": {"ids": [self.keeper()]}})[0]["models"][0]
        for field in ("id", "name", "description", "publicAccess", "createdAt", "tags", "owner", "access", "beingCreated", "language", "wasm", "image",
                      "parameterDefinitions", "defaultLauncherSpecs", "maxDurationsSeconds", "filesystemSizeMebibytes", "ongoingTrainingSessions",
                      "trainingSessions", "states", "activeState", "snapshots"):
            self.assertIn(field, model)
