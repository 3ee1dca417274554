"""The page of `man livegen`."""

from __future__ import annotations

import shutil
import subprocess

import click
import pytest

from livegen.cli.main import EXAMPLES, cli
from livegen.cli.manual import page
from livegen.config.settings import SPECS


@pytest.fixture
def text() -> str:
    return page(click.Context(cli, info_name="livegen"), EXAMPLES)


def test_it_has_every_setting_and_command(text: str) -> None:
    assert not [spec.name for spec in SPECS if spec.flag.replace("-", "\\-") not in text]
    assert not [name for name in cli.list_commands(click.Context(cli)) if f".B {name}\n" not in text]
    assert ".B livegen \\-\\-panic key:A0\n" in text


@pytest.mark.may_skip("groff is not on every system")
def test_man_shows_it_without_a_complaint(text: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff missing")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-wall", "-K", "utf8"], input=text, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "Measure a model: its loss in nats per note, and how it plays." in done.stdout
