"""Adds to the wheel what the program prints: the manual and the completions, as files under share/."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SharedFiles(BuildHookInterface[Any]):
    """The files exist only while the wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":  # the program still changes
            return
        sys.path.insert(0, self.root)
        import click

        from livegen.cli.main import cli
        from livegen.cli.shared import texts

        self.drafts = tempfile.TemporaryDirectory()
        for path, text in texts(click.Context(cli, info_name="livegen")).items():
            draft = Path(self.drafts.name) / Path(path).name
            draft.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(draft)] = f"share/{path}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  (hatchling's)
        if version != "editable":
            self.drafts.cleanup()
