"""Runs the tests with real clients against the real server: run.py [names of tests]. Ends with "clients: N passed, N failed".

Wants the debug product `strata` (or STRATA_BINARY) and the project's .venv.
"""

import os
import sys
import unittest
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from support.scenario import stop_shared_server  # noqa: E402

# Of the pinned packages, about each other.
warnings.filterwarnings("ignore", category=DeprecationWarning)


def main():
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in sys.argv[1:]] or None
    suite = loader.discover(HERE, pattern="test_*.py", top_level_dir=HERE)
    result = unittest.TextTestRunner(verbosity=1, warnings="ignore").run(suite)
    # A subtest or a fixture counts as the failure that it is, a test that did not run as none.
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    stop_shared_server()
    print(f"clients: {max(0, result.testsRun - failed - len(result.skipped))} passed, {failed} failed", flush=True)
    sys.stderr.flush()
    # The client's threads for its sockets would keep the process: they end when their sockets do, at best.
    os._exit(0 if result.wasSuccessful() and result.testsRun > 0 else 1)


if __name__ == "__main__":
    main()
