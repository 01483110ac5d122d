"""Training, evaluation and persistent launchers."""

import json
import threading

import numpy as np

from support.clients import SyncCalls
from support.models import KEEPER
from support.scenario import TEMPORARY, Scenario, numbers, text, with_both_clients


class Training:
    def start(self, params, model=None, **more):
        self.target = model or self.new_model(KEEPER)
        given = [{"name": name, "data": data} for name, data in params.items()]
        started = self.ok(self.calls.model.train(
            {"modelId": self.target, "newStateName": "trained", "params": given, "executionLocation": TEMPORARY, **more}))
        self.at = {"modelId": self.target, "trainingSessionId": started["trainingSessionId"]}

    def status(self):
        return self.ok(self.calls.model.get_training_status(self.at))

    def ended(self):
        return self.until(lambda: self.status() if self.status()["status"]["state"] in ("completed", "failed") else None)

    def test_a_training_makes_a_state_and_keeps_its_metrics(self):
        model = self.new_model(KEEPER)
        start = self.upload(model, weight=b"w")
        self.start({"x": [numbers([1]), numbers([2]), numbers([3])]}, model, stateId=start)
        status = self.ended()
        self.assertEqual(status["status"]["state"], "completed", status)
        self.assertEqual((status["newStateName"], status["metrics"]), ("trained", [{"name": "seen", "amount": 3}]))
        self.assertEqual(status["executionLocation"]["spec"]["memoryMebibytes"], 512)
        made = status["status"]["createdStateId"]
        self.assertEqual(self.state(model, made), {"weight": b"w", "trained": b"".join(numbers([value]).serialize() for value in (1, 2, 3))})
        found = next(found for found in self.model(model)["states"] if found["id"] == made)
        self.assertEqual(found["trainingOperations"], [self.at["trainingSessionId"]])
        metrics = self.ok(self.calls.model.get_training_metrics({**self.at, "metrics": [
            {"name": "seen", "startIndex": 1, "amount": 9}, {"name": "none", "startIndex": 0, "amount": 1}]}))["metrics"]
        self.assertEqual([entry["data"].numpy().tolist() for entry in metrics[0]["entries"]], [[2], [3]])
        self.assertEqual((metrics[0]["startIndex"], metrics[1]["entries"]), (1, []))
        self.assertIsInstance(self.ok(self.calls.model.get_training_sysinfo(self.at))["sysinfo"], list)
        self.ok(self.calls.model.clear_previous_training_session(self.at))
        self.refused(self.calls.model.get_training_status(self.at), "training_session_not_found")

    def test_a_training_that_raises_fails_and_makes_no_state(self):
        self.start({"do": [text("raise")], "x": []})
        status = self.ended()["status"]
        self.assertEqual((status["state"], status["failReason"]["code"], status["failReason"]["at"]), ("failed", "exception", "train"))
        self.assertEqual(len(self.model(self.target)["states"]), 1)
        self.refused(self.calls.model.cancel_training_session(self.at), "training_session_not_running")

    def test_a_training_is_cancelled(self):
        self.start({"do": [text("hang")], "x": []})
        self.until(lambda: self.status()["status"]["state"] == "running")
        self.refused(self.calls.model.clear_previous_training_session(self.at), "training_session_running")
        self.assertIn(self.at["trainingSessionId"], self.model(self.target)["ongoingTrainingSessions"])
        self.ok(self.calls.model.cancel_training_session(self.at))
        status = self.ended()["status"]
        self.assertEqual((status["state"], status["failReason"]["code"]), ("failed", "cancelled"))

    def test_unknown_sessions_states_and_launchers_are_refused(self):
        model = self.new_model(KEEPER)
        at = {"modelId": model, "trainingSessionId": "none"}
        for method in ("get_training_status", "get_training_sysinfo", "cancel_training_session", "clear_previous_training_session"):
            self.refused(getattr(self.calls.model, method)(at), "training_session_not_found")
        self.refused(self.calls.model.get_training_metrics({**at, "metrics": []}), "training_session_not_found")
        train = {"modelId": model, "newStateName": "s", "params": [], "executionLocation": TEMPORARY}
        self.refused(self.calls.model.train({**train, "stateId": "none"}), "invalid_parameter", parameterName="stateId")
        self.refused(self.calls.model.train({**train, "modelId": "none"}), "model_not_found")
        location = {"type": "persistentLauncher", "persistentLauncherId": "none"}
        self.refused(self.calls.model.train({**train, "executionLocation": location}), "persistent_launcher_not_found")


class Evaluation:
    def evaluate(self, model, params, **more):
        given = [{"name": name, "data": data} for name, data in params.items()]
        return self.calls.model.evaluate({"modelId": model, "params": given, **more})

    def outputs(self, answer):
        result = self.ok(answer)
        self.assertIn("success", result, result)
        return {output["name"]: output["data"] for output in result["success"]["output"]}

    def test_outputs_are_those_of_the_active_state_or_the_snapshots(self):
        model = self.new_model(KEEPER)
        self.activate(model, self.upload(model, weight=b"\x01\x02"))
        snapshot = self.snapshot(model)
        self.activate(model, self.upload(model, weight=b"\x03"))
        result = self.ok(self.evaluate(model, {"x": [text("in")]}))["success"]
        self.assertEqual(set(result["durations"]), {"createLauncher", "codeStartup", "createInstantiatedModel", "evaluate"})
        self.assertEqual(result["executedOnLauncher"]["type"], "temporaryLauncher")
        outputs = {output["name"]: output["data"] for output in result["output"]}
        self.assertEqual(outputs["x"][0].item(), "in")
        self.assertEqual(outputs["weight"][0].numpy().tolist(), [3])
        self.assertEqual(self.outputs(self.evaluate(model, {}, snapshotId=snapshot))["weight"][0].numpy().tolist(), [1, 2])

    def test_finished_evaluations_are_listed_and_their_results_read_again(self):
        model = self.new_model(KEEPER)
        self.outputs(self.evaluate(model, {"x": [text("again")]}))
        evaluations = self.ok(self.calls.model.get_evaluations({"modelId": model}))
        self.assertEqual((evaluations["running"], [found["success"] for found in evaluations["finished"]]), ([], [True]))
        at = {"modelId": model, "evaluationId": evaluations["finished"][0]["id"]}
        result = self.ok(self.calls.model.get_finished_evaluation_result(at))
        self.assertEqual(result["success"]["output"][0]["data"][0].item(), "again")
        self.refused(self.calls.model.get_finished_evaluation_result({**at, "evaluationId": "none"}), "evaluation_not_found")

    def test_code_that_raises_or_dies_is_a_failed_result(self):
        model = self.new_model(KEEPER)
        for what, code in (("raise", "exception"), ("exit", "code_terminated")):
            failed = self.ok(self.evaluate(model, {"do": [text(what)]}))["failed"]
            self.assertEqual(failed["error"]["code"], code)
        self.activate(model, self.upload(model, broken=b""))
        failed = self.ok(self.evaluate(model, {}))["failed"]
        self.assertEqual((failed["error"]["code"], failed["error"]["at"]), ("exception", "instantiateModel"))

    def test_an_evaluation_is_cancelled(self):
        model = self.new_model(KEEPER)
        answers = []
        running = threading.Thread(target=lambda: answers.append(self.evaluate(model, {"do": [text("hang")]})))
        running.start()
        other = SyncCalls(self.server)
        found = self.until(lambda: self.ok(other.model.get_evaluations({"modelId": model}))["running"])
        self.ok(other.model.cancel_evaluation({"modelId": model, "evaluationId": found[0]["id"]}))
        running.join()
        self.assertEqual(self.ok(answers[0])["failed"]["error"]["code"], "cancelled")

    def test_outputs_that_the_model_does_not_declare_are_told(self):
        rules = {"shape": [-1], "allowedTypes": ["f32"], "annotations": []}
        definitions = {"createState": [], "train": [], "evaluateInput": [], "evaluateOutput": [{"name": "y", "required": True, "rules": rules}]}
        model = self.new_model(KEEPER, parameterDefinitions=definitions)
        error = self.ok(self.evaluate(model, {}))["failed"]["error"]
        self.assertEqual((error["code"], error["reason"]), ("invalid_output", "not_applicable_to_parameter_definitions"))

    def test_unknown_models_and_snapshots_cannot_be_evaluated(self):
        self.refused(self.evaluate("none", {}), "model_not_found")
        self.refused(self.evaluate(self.keeper(), {}, snapshotId="none"), "snapshot_not_found")
        self.refused(self.calls.model.get_evaluations({"modelId": "none"}), "model_not_found")

    def test_evaluations_run_on_the_launchers_that_were_chosen(self):
        model = self.new_model(KEEPER)
        self.keeper()
        launcher = self.warm()["persistentLauncherId"]
        chosen = [{"persistentLauncherId": launcher, "level": "launcher"}]
        self.ok(self.calls.model.set_used_persistent_launchers_for_evaluate({"modelId": model, "persistentLaunchers": chosen}))
        self.assertEqual(
            self.ok(self.calls.model.get_used_persistent_launchers_for_evaluate({"modelId": model}))["usedPersistentLaunchers"], chosen)
        used = self.ok(self.evaluate(model, {}))["success"]["executedOnLauncher"]
        self.assertEqual((used["type"], used["persistentLauncherId"]), ("persistentLauncher", launcher))
        self.refused(self.calls.model.set_used_persistent_launchers_for_evaluate(
            {"modelId": model, "persistentLaunchers": [{"persistentLauncherId": "none", "level": "launcher"}]}), "persistent_launcher_not_found")


class Launchers:
    def test_a_launcher_is_made_listed_and_deleted(self):
        launcher = self.new_launcher()
        found = self.launcher(launcher)
        self.assertEqual((found["state"], found["running"], found["spec"]["cpus"]), ({"type": "active"}, [], 1))
        self.assertIsInstance(found["createdAt"], int)
        self.assertIsInstance(self.ok(self.calls.persistent_launcher.get_sysinfo({"persistentLauncherId": launcher}))["sysinfo"], list)
        self.ok(self.calls.persistent_launcher.delete_persistent_launcher({"persistentLauncherId": launcher}))
        self.until(lambda: self.launcher(launcher) is None)

    def test_unknown_launchers_are_not_found(self):
        for method in ("get_sysinfo", "delete_persistent_launcher"):
            self.refused(getattr(self.calls.persistent_launcher, method)({"persistentLauncherId": "none"}), "persistent_launcher_not_found")

    def test_launchers_that_cannot_be_made_are_refused(self):
        for spec in ({"cpus": 0, "memoryMebibytes": 1}, {"cpus": 1, "memoryMebibytes": 0}, {}):
            self.refused(self.calls.persistent_launcher.create_persistent_launcher({"name": "x", "spec": spec}), "invalid_parameter")

    def test_launchers_are_found_by_name_and_paged(self):
        name = self.name("find me")
        made = self.ok(self.calls.persistent_launcher.create_persistent_launcher({"name": name, "spec": {"cpus": 1, "memoryMebibytes": 64}}))
        page = self.ok(self.calls.persistent_launcher.get_persistent_launchers({"filter": {"searchName": name.upper()}, "limit": 5}))
        self.assertEqual(([found["id"] for found in page["persistentLaunchers"]], page["total"], page["limit"]), ([made["persistentLauncherId"]], 1, 5))
        self.ok(self.calls.persistent_launcher.delete_persistent_launcher(made))


for _scenarios in (Training, Evaluation, Launchers):
    globals().update(with_both_clients(_scenarios))
