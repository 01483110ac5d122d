"""Ends its process with status 3 while its code is loaded, before the session was announced."""

import os

os._exit(3)
