"""The shape of the house, held by walking the imports (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "livegen").rglob("*.py"))
}
LONGEST_MODULE = 400  # lines

# What a room must not import, at any depth of its code.
FORBIDDEN = {
    "livegen.engine": ["livegen.cli", "livegen.config.settings", "livegen.live", "livegen.io", "livegen.training"],
    "livegen.io": ["livegen.cli", "livegen.live", "livegen.engine", "livegen.training"],
    "livegen.config": ["livegen.cli", "livegen.live", "livegen.engine", "livegen.io", "livegen.stage"],
    "livegen.smf": [
        *("livegen.cli", "livegen.config", "livegen.data", "livegen.engine", "livegen.io", "livegen.live"),
        "livegen.training",
    ],
    "livegen.data": ["livegen.cli", "livegen.live", "livegen.engine", "livegen.training"],
    "livegen.training": ["livegen.cli.main", "livegen.live", "livegen.io"],
}
# The pure core, and all of ours that it may import.
PURE = {
    "livegen.note": [],
    "livegen.encoding": ["livegen.note"],
    "livegen.stage": ["livegen.note", "livegen.encoding", "livegen.stage"],
}
PURE_MAY_IMPORT = {"livegen", "mido"}  # beside the standard library
IMPURE_STANDARD_LIBRARY = {
    "asyncio",
    "concurrent",
    "datetime",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "queue",
    "random",
    "sched",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
HEAVY = {"ai_edge_litert", "keras", "matplotlib", "numpy", "pretty_midi", "rtmidi", "tensorflow"}


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def imports_of(module: str, body: ast.AST) -> Iterator[str]:
    """Full names of all that `body` imports; `from a import b` gives both a and a.b, for b may be a module."""
    for node in ast.walk(body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports here are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_start(tree: ast.Module) -> ast.Module:
    """The module without what runs later (functions) or never (type checking)."""
    kept = ast.parse(ast.unparse(tree))
    for node in ast.walk(kept):
        for name in ("body", "orelse"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, [s for s in statements if not runs_later(s)])
    return kept


def runs_later(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return ast.unparse(statement.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)


def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


ALL = {module: set(imports_of(module, parsed(module))) for module in MODULES}
AT_START = {module: set(imports_of(module, at_start(parsed(module)))) for module in MODULES}


def imported_with(module: str) -> set[str]:
    """Everything that importing `module` brings along, through livegen's own modules."""
    brought: set[str] = set()
    waiting = [module]
    while waiting:
        for name in AT_START[waiting.pop()]:
            parents = [".".join(name.split(".")[:n]) for n in range(1, name.count(".") + 2)]
            new = [parent for parent in parents if parent not in brought]
            brought.update(new)
            waiting += [parent for parent in new if parent in MODULES]
    return brought


@pytest.mark.parametrize("room", FORBIDDEN)
def test_data_flows_one_way(room: str) -> None:
    members = [module for module in MODULES if within(module, room)]
    assert members
    wrong = [
        f"{module} imports {name}"
        for module in members
        for name in ALL[module]
        for forbidden in FORBIDDEN[room]
        if within(name, forbidden)
    ]
    assert not wrong


@pytest.mark.parametrize("room", PURE)
def test_the_pure_core_knows_nothing_of_the_rest(room: str) -> None:
    members = [module for module in MODULES if within(module, room)]
    assert members
    wrong = [
        f"{module} imports {name}"
        for module in members
        for name in ALL[module]
        if within(name, "livegen") and name != "livegen"
        if not any(within(name, allowed) for allowed in PURE[room])
    ]
    assert not wrong


def test_the_pure_core_opens_no_file() -> None:
    wrong = [
        f"{module}:{node.lineno}"
        for module in MODULES
        if any(within(module, room) for room in PURE)
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Name) and node.id in ("open", "print", "input")
    ]
    assert not wrong


def test_the_middle_is_pure() -> None:
    allowed = (sys.stdlib_module_names - IMPURE_STANDARD_LIBRARY) | PURE_MAY_IMPORT
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if any(within(module, room) for room in PURE)
        for name in ALL[module]
        if name.split(".")[0] not in allowed
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("room", "importers"),
    [
        ("livegen.live", ["livegen.cli", "livegen.bench"]),  # the bench measures the daemon's own loop
        ("livegen.bench", ["livegen.cli"]),
        ("livegen.doctor", ["livegen.cli"]),
        ("livegen.cli.main", ["livegen.__main__"]),
    ],
)
def test_the_top_is_imported_by_few(room: str, importers: list[str]) -> None:
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if not any(within(module, allowed) for allowed in [room, *importers])
        for name in ALL[module]
        if within(name, room)
    ]
    assert not wrong


def test_training_is_never_on_the_live_path() -> None:
    wrong = [
        f"{module} brings {name}"
        for module in MODULES
        if not within(module, "livegen.training")
        for name in imported_with(module)
        if within(name, "livegen.training")
    ]
    assert not wrong


def test_the_command_line_starts_light() -> None:
    assert not {name.split(".")[0] for name in imported_with("livegen.cli.main")} & HEAVY


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
