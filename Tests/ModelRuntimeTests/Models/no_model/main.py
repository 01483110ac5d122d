"""Loads without fault but defines no `model`: the runtime reports an AttributeError at start-up."""

moedl = {}
