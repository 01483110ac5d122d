"""The example program, as a reader of the documentation would run it."""

import os
import struct
import subprocess
import sys

from support.scenario import Scenario


class Example(Scenario):
    def run_example(self, model):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "example.py")
        return subprocess.run([sys.executable, program, self.server.address, "-", model], capture_output=True, text=True, timeout=120)

    def test_it_makes_a_state_of_the_sample_model(self):
        model = self.ok(self.calls.model.create_model({"name": self.name(), "description": "", "options": {"type": "code", "language": "python"}}))["modelId"]
        ran = self.run_example(model)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        state = ran.stdout.strip()
        self.assertEqual(self.state(model, state), {"factor": struct.pack("<d", 3.5)})
        self.assertEqual(self.model(model)["states"][-1]["name"], "My new state")

    def test_it_tells_why_it_was_refused(self):
        ran = self.run_example("none")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("model_not_found", ran.stderr)
