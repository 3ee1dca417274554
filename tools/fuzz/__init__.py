"""Bytes of any kind on every path that reads bytes: always a result, or one sentence (docs/reliability.md).

`python -m tools.fuzz PATH` searches with atheris, guided by what the code reaches.
"""
