"""Everything before the stage: data, model, training, export, evaluation. Never imported by the live path."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes what happens, a line at a time."""
