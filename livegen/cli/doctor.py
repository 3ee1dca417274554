"""The command `livegen doctor`. Large modules are imported only when they are needed."""

from __future__ import annotations

import json

import click

from livegen.cli.options import Command, load
from livegen.config.settings import DEFAULTS

_EXAMPLES = (
    ("livegen doctor", "this machine and, if one runs, that livegen"),
    ("sudo livegen doctor", "a service of the system"),
    ('livegen --in "Keystation" doctor', "with these settings"),
    ("livegen doctor --json", "for programs; the status is 69 if there is a problem"),
)


@click.command(cls=Command, shown=("name",), examples=_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--fix", is_flag=True, help="Do what is safe to mend the findings, as root or with sudo.")
@click.pass_obj
def doctor(given: dict[str, object], *, as_json: bool, fix: bool) -> int:
    """Find out why there is no sound or why notes are late, and what to do."""
    from livegen.doctor import examine, fixes
    from livegen.doctor.checks import findings
    from livegen.doctor.report import Report
    from livegen.versions import versions

    def look() -> tuple[Report, bool]:
        facts = examine.examine(lambda: load(given).settings, str(given.get("name", DEFAULTS.name)))
        return Report(findings(facts), versions(facts.settings.model)), facts.user.root

    report, root = look()
    if fix and report.fixes:
        fixes.apply(report.fixes, root=root, say=lambda line: click.echo(line, err=True))
        report, _ = look()
    click.echo(json.dumps(report.plain(), indent=2, ensure_ascii=False) if as_json else report.text())
    return report.exit_status
