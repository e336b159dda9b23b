"""A worked example of an `interact` plugin; `docs/write-a-plugin.md` of interact-cli walks through it.

Nothing is imported here: each entry point names its own module, so asking for one never pays for the others.
"""
