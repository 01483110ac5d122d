"""Never finishes loading: the session is never announced. A leaked process ends itself after ten minutes."""

import time

time.sleep(600)
model = {}
