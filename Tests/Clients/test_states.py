"""States that are uploaded, as both flavours of the Python client do it."""

from support.scenario import Scenario, with_both_clients


class States:
    def setUp(self):
        self.target = self.new_model()

    def at(self, **more):
        return {"modelId": self.target, **more}

    def uploaded(self, data, **more):
        return self.calls.model.upload_state(self.at(name="s", data=[{"key": key, "data": value} for key, value in data], **more))

    def states(self):
        return [state["id"] for state in self.model(self.target)["states"]]

    def test_an_uploaded_state_comes_back_byte_for_byte(self):
        values = {"empty": b"", "small": b"\0\xff", "inline": b"x" * 30_000, "large": bytes(range(256)) * 20_000}
        state = self.upload(self.target, **values)
        self.assertEqual(self.state(self.target, state), values)

    def test_a_new_state_is_listed_and_not_active(self):
        state = self.upload(self.target, "mine", b=b"12", a=b"3")
        model = self.model(self.target)
        found = next(found for found in model["states"] if found["id"] == state)
        self.assertEqual((found["name"], found["trainingOperations"], found["beingDeleted"], found["mountedModels"]), ("mine", [], False, []))
        self.assertEqual(found["state"], [{"key": "b", "byteSize": 2}, {"key": "a", "byteSize": 1}])
        self.assertNotEqual(model["activeState"], state)

    def test_the_active_state_is_read_where_none_is_named(self):
        self.activate(self.target, self.upload(self.target, k=b"v"))
        self.assertEqual(self.state(self.target), {"k": b"v"})

    def test_keys_are_read_in_the_order_asked_and_as_often(self):
        state = self.upload(self.target, a=b"1", b=b"2", c=b"3")
        result = self.ok(self.calls.model.get_model_state(self.at(stateId=state, keys=["c", "a", "c"])))
        self.assertEqual(result["data"], [{"key": "c", "data": b"3"}, {"key": "a", "data": b"1"}, {"key": "c", "data": b"3"}])
        self.refused(self.calls.model.get_model_state(self.at(stateId=state, keys=["a", "x"])), "state_key_not_found")

    def test_a_state_without_keys_is_read_as_nothing(self):
        state = self.ok(self.uploaded([]))["stateId"]
        self.assertEqual(self.state(self.target, state), {})

    def test_a_key_given_twice_is_refused(self):
        self.refused(self.uploaded([("a", b"1"), ("a", b"2")]), "invalid_parameter", parameterName="stateKeyNames")

    def test_a_hundred_keys_are_stored(self):
        data = [(f"key {number}", str(number).encode()) for number in range(100)]
        state = self.ok(self.uploaded(data))["stateId"]
        self.assertEqual(self.state(self.target, state), dict(data))

    def test_an_upload_replaces_states_in_one_step(self):
        old = [self.upload(self.target, k=b"1"), self.upload(self.target, k=b"2")]
        new = self.ok(self.uploaded([("k", b"3")], deleteStates=old))["stateId"]
        self.assertEqual(self.states()[1:], [new])

    def test_an_upload_that_may_not_delete_stores_nothing(self):
        old = self.upload(self.target, k=b"1")
        before = self.states()
        active = self.model(self.target)["activeState"]
        self.refused(self.uploaded([("k", b"x" * 100_000)], deleteStates=[old, active]), "state_is_active")
        self.refused(self.uploaded([("k", b"y" * 100_000)], deleteStates=[old, "none"]), "state_not_found")
        self.assertEqual(self.states(), before)

    def test_mounts_are_kept_with_the_state(self):
        other = self.new_model()
        snapshot = self.snapshot(other)
        mounts = [{"modelId": other}, {"modelId": other, "snapshotId": snapshot}]
        state = self.ok(self.uploaded([("k", b"1")], mountModels=mounts[1:]))["stateId"]
        found = next(found for found in self.model(self.target)["states"] if found["id"] == state)
        self.assertEqual(found["mountedModels"], mounts[1:])
        self.refused(self.uploaded([], mountModels=[{"modelId": "none"}]), "model_to_mount_not_found")
        self.refused(self.uploaded([], mountModels=[{"modelId": other, "snapshotId": "none"}]), "snapshot_for_model_to_mount_not_found")

    def test_a_state_is_renamed_activated_and_deleted(self):
        state = self.upload(self.target, k=b"1")
        at = self.at(stateId=state)
        self.ok(self.calls.model.update_model_state({**at, "properties": {"name": "renamed"}}))
        self.assertEqual(self.model(self.target)["states"][-1]["name"], "renamed")
        first = self.model(self.target)["activeState"]
        self.activate(self.target, state)
        self.refused(self.calls.model.delete_model_state(at), "state_is_active")
        self.activate(self.target, first)
        self.ok(self.calls.model.delete_model_state(at))
        self.refused(self.calls.model.delete_model_state(at), "state_not_found")
        self.refused(self.calls.model.get_model_state(at), "state_not_found")
        self.refused(self.calls.model.set_current_model_state(at), "state_not_found")

    def test_nothing_is_being_created(self):
        self.assertEqual(self.ok(self.calls.model.get_creating_states(self.at()))["states"], [])
        state = self.upload(self.target, k=b"1")
        self.refused(self.calls.model.wait_for_state_to_be_created(self.at(stateId=state)), "state_already_created")
        self.refused(self.calls.model.wait_for_state_to_be_created(self.at(stateId="none")), "state_not_found")

    def test_unknown_models_have_no_states(self):
        self.refused(self.calls.model.get_model_state({"modelId": "none"}), "model_not_found")
        self.refused(self.calls.model.upload_state({"modelId": "none", "name": "s", "data": []}), "model_not_found")
        self.refused(self.calls.model.get_creating_states({"modelId": "none"}), "model_not_found")


globals().update(with_both_clients(States))
