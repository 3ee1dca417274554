"""`livegen doctor`: why there is no sound, or why notes are late, and what to do.

Probes gather facts; checks, which are pure, turn them into findings; nothing is changed unless `--fix` asks for it.
"""
