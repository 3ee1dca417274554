"""Offline code: data, model, training, export, evaluation. The live path never imports it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Gets progress messages, one line at a time."""
