"""Raises while its code is loaded: the session reports an error, yet the runtime's process lives on."""

raise RuntimeError("raised at start")
