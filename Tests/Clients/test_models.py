"""Models and snapshots, as both flavours of the Python client make and change them."""

from support.models import KEEPER
from support.scenario import TEMPORARY, Scenario, numbers, with_both_clients


class Models:
    def create(self, name, options, **more):
        return self.calls.model.create_model({"name": name, "description": "d", "options": options, **more})

    def test_a_new_model_has_every_field_and_an_active_state(self):
        model = self.model(self.new_model())
        self.assertEqual(model["activeState"], model["currentState"])
        self.assertEqual([(state["id"], state["name"], state["state"]) for state in model["states"]], [(model["activeState"], "initial", [])])
        self.assertEqual((model["language"], model["beingCreated"], model["access"], model["filesystemSizeMebibytes"]), ("python", False, "readwrite", 32))
        self.assertEqual(model["maxDurationsSeconds"], {"codeStartup": 60, "instantiateModel": 60, "createState": 600, "train": 86400, "evaluate": 60})
        self.assertEqual(model["snapshots"], [])

    def test_a_name_is_used_once(self):
        name = self.model(self.new_model())["name"]
        self.refused(self.create(name, {"type": "code", "language": "python"}), "name_already_used")

    def test_a_name_with_a_slash_is_of_an_organization_that_is_not_there(self):
        self.refused(self.create("org/model", {"type": "code", "language": "python"}), "organization_not_found")

    def test_empty_and_overlong_names_are_refused(self):
        for name in ("", "x" * 256):
            self.refused(self.create(name, {"type": "code", "language": "python"}), "invalid_parameter", parameterName="name")

    def test_presets_decide_which_files_are_there(self):
        for preset, found in (("none", None), ("empty", b""), ("pytorch", b"model = make_model")):
            model = self.new_model(preset=preset)
            entry, error = self.calls.fs.lookup({"modelId": model, "parent": 1, "name": "main.py"})
            if found is None:
                self.assertEqual(error["code"], "ENOENT")
            else:
                data = self.ok(self.calls.fs.read({"modelId": model, "inode": entry["inode"], "offset": 0, "count": 1 << 16}))["data"]
                self.assertTrue(data == b"" if found == b"" else found in data)

    def test_formats_that_cannot_be_run_are_refused(self):
        self.refused(self.create(self.name(), {"type": "upload", "format": "onnx", "data": b"x"}), "invalid_parameter", parameterName="options")

    def test_models_are_filtered_sorted_and_paged(self):
        tag = {"tag": "only", "value": self.name()}
        ids = [self.new_model(tags=[tag]) for _ in range(3)]
        page = self.ok(self.calls.model.get_models({"filter": {"tags": [tag]}, "sort": "createdAt", "sortDirection": "asc", "offset": 1, "limit": 5}))
        self.assertEqual(([model["id"] for model in page["models"]], page["total"], page["offset"], page["limit"]), (ids[1:], 3, 1, 5))
        self.assertEqual(self.ok(self.calls.model.get_models({"filter": {"owners": ["nobody"]}}))["models"], [])

    def test_params_that_are_null_list_all_models(self):
        self.new_model()
        self.assertGreaterEqual(self.ok(self.calls.model.get_models(None))["total"], 1)

    def test_properties_are_updated_one_by_one(self):
        model = self.new_model()
        durations = {"codeStartup": 1, "instantiateModel": 2, "createState": 3, "train": 4, "evaluate": 5}
        specs = {"evaluate": {"cpus": 0.5, "memoryMebibytes": 256}}
        self.ok(self.calls.model.update_model(
            {"modelId": model, "properties": {"description": "new", "maxDurationsSeconds": durations, "defaultLauncherSpecs": specs}}))
        changed = self.model(model)
        self.assertEqual((changed["description"], changed["maxDurationsSeconds"]), ("new", durations))
        self.assertEqual(changed["defaultLauncherSpecs"]["evaluate"]["cpus"], 0.5)
        self.assertEqual(changed["defaultLauncherSpecs"]["createState"]["memoryMebibytes"], 512)

    def test_definitions_are_stored_and_returned(self):
        definition = {"name": "x", "required": False, "rules": {"shape": [-1, 3], "allowedTypes": ["f32"], "annotations": ["a"]}}
        definitions = {"createState": [definition], "train": [], "evaluateInput": [], "evaluateOutput": []}
        model = self.new_model(parameterDefinitions=definitions)
        self.assertEqual(self.model(model)["parameterDefinitions"], definitions)

    def test_a_deleted_model_is_not_found(self):
        model = self.new_model()
        self.ok(self.calls.model.delete_model({"modelId": model}))
        self.refused(self.calls.model.delete_model({"modelId": model}), "model_not_found")
        self.refused(self.calls.model.update_model({"modelId": model, "properties": {}}), "model_not_found")
        self.assertEqual(self.ok(self.calls.model.get_models({"filter": {"ids": [model]}}))["models"], [])

    def test_a_model_that_is_created_need_not_be_waited_for(self):
        self.refused(self.calls.model.wait_for_model_to_be_created({"modelId": self.new_model()}), "model_already_created")
        self.refused(self.calls.model.wait_for_model_to_be_created({"modelId": "none"}), "model_not_found")

    def test_files_grow_with_the_size_of_the_file_system(self):
        model = self.new_model()
        self.ok(self.calls.model.set_filesystem_size({"modelId": model, "newFilesystemSizeMebibytes": 64}))
        self.assertEqual(self.model(model)["filesystemSizeMebibytes"], 64)
        self.put(model, "f", b"x" * (3 << 20))
        self.refused(self.calls.model.set_filesystem_size({"modelId": model, "newFilesystemSizeMebibytes": 1}), "not_enough_space")
        self.refused(self.calls.model.set_filesystem_size({"modelId": model, "newFilesystemSizeMebibytes": 0}), "invalid_parameter")

    def test_a_copy_has_files_and_the_active_state_of_its_own(self):
        model = self.new_model(KEEPER)
        self.activate(model, self.upload(model, weight=b"abc"))
        copy = self.ok(self.create(self.name("copy"), {"type": "fromExisting", "modelId": model}))["modelId"]
        self.put(model, "main.py", "changed")
        self.assertEqual(self.state(copy), {"weight": b"abc"})
        entry = self.ok(self.calls.fs.lookup({"modelId": copy, "parent": 1, "name": "main.py"}))
        self.assertEqual(entry["stat"]["size"], len(KEEPER.encode()))

    def test_a_snapshot_keeps_its_state_whatever_becomes_of_the_model(self):
        model = self.new_model()
        self.activate(model, self.upload(model, weight=b"old", bias=b"b"))
        snapshot = self.snapshot(model)
        self.activate(model, self.upload(model, weight=b"new"))
        result = self.ok(self.calls.model.get_snapshot_state({"modelId": model, "snapshotId": snapshot}))
        self.assertEqual({entry["key"]: entry["data"] for entry in result["data"]}, {"weight": b"old", "bias": b"b"})
        one = self.ok(self.calls.model.get_snapshot_state({"modelId": model, "snapshotId": snapshot, "keys": ["bias"]}))
        self.assertEqual(one["data"], [{"key": "bias", "data": b"b"}])
        self.refused(self.calls.model.get_snapshot_state({"modelId": model, "snapshotId": snapshot, "keys": ["none"]}), "state_key_not_found")

    def test_snapshots_are_renamed_and_deleted(self):
        model = self.new_model()
        snapshot = self.snapshot(model)
        at = {"modelId": model, "snapshotId": snapshot}
        self.ok(self.calls.model.update_snapshot({**at, "properties": {"name": "renamed"}}))
        self.assertEqual([(found["id"], found["name"]) for found in self.model(model)["snapshots"]], [(snapshot, "renamed")])
        self.ok(self.calls.model.delete_snapshot(at))
        self.refused(self.calls.model.delete_snapshot(at), "snapshot_not_found")

    def test_a_model_runs_the_code_of_a_snapshot_with_states_of_its_own(self):
        origin = self.new_model(KEEPER)
        self.activate(origin, self.upload(origin, weight=b"abc"))
        options = {"type": "basedOnModelSnapshot", "modelId": origin, "snapshotId": self.snapshot(origin)}
        copied = self.ok(self.create(self.name(), {**options, "initialState": {"method": "copy"}}))["modelId"]
        self.assertEqual(self.state(copied), {"weight": b"abc"})
        uploaded = self.ok(self.create(
            self.name(), {**options, "initialState": {"method": "upload", "name": "first", "data": [{"key": "k", "data": b"v"}]}}))["modelId"]
        self.assertEqual(self.state(uploaded), {"k": b"v"})
        self.refused(self.calls.fs.mkdir({"modelId": copied, "parent": 1, "name": "x", "mode": 0}), "access_denied")
        self.assertEqual(self.model(copied)["basedOnSnapshot"], {"modelId": origin, "snapshotId": options["snapshotId"], "noLongerExists": False})

    def test_the_first_state_is_created_by_the_snapshots_code(self):
        origin = self.new_model(KEEPER)
        # The client loses tensors here; without params it says what is meant.
        initial = {"method": "create", "name": "first", "params": [], "launcherSpec": TEMPORARY["spec"]}
        made = self.ok(self.create(
            self.name(), {"type": "basedOnModelSnapshot", "modelId": origin, "snapshotId": self.snapshot(origin), "initialState": initial}))
        self.assertTrue(made["isNowCreating"])
        waited, error = self.calls.model.wait_for_model_to_be_created({"modelId": made["modelId"]})
        self.assertTrue(error == {"code": "model_already_created"} or "createModelSuccess" in waited, (waited, error))
        self.assertEqual([state["name"] for state in self.model(made["modelId"])["states"]], ["first"])

    def test_unknown_snapshots_and_models_cannot_be_built_on(self):
        model = self.new_model()
        options = {"type": "basedOnModelSnapshot", "modelId": model, "snapshotId": "none", "initialState": {"method": "copy"}}
        self.refused(self.create(self.name(), options), "snapshot_not_found")
        self.refused(self.create(self.name(), {**options, "modelId": "none"}), "model_not_found")
        self.refused(self.create(self.name(), {"type": "fromExisting", "modelId": "none"}), "model_not_found")


globals().update(with_both_clients(Models))


class ModelsAsyncOnly(Scenario):
    """Methods that only one of the flavours has."""

    from support.clients import AsyncCalls as Calls

    def test_usage_of_the_file_system_is_told_in_blocks_and_inodes(self):
        model = self.new_model()
        self.put(model, "f", b"x" * 5000)
        usage = self.ok(self.calls.model.get_filesystem_usage({"modelId": model}))
        self.assertEqual((usage["blockSize"], usage["totalBlocks"], usage["totalInodes"]), (4096, 32 * 256, 32 * 64))
        self.assertEqual((usage["freeBlocks"], usage["freeInodes"]), (32 * 256 - 2, 32 * 64 - 2))

    def test_an_image_is_set_at_once(self):
        model = self.new_model()
        self.ok(self.calls.model.set_image({"modelId": model, "domain": "d", "repository": "r", "reference": "v1"}))
        image = self.model(model)["image"]
        self.assertEqual((image["domain"], image["repository"], image["reference"], image["targetReference"]), ("d", "r", "v1", "v1"))
