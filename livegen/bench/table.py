"""Formats the results as a table, and for JSON."""

from __future__ import annotations

from collections.abc import Sequence

from livegen.bench.figures import Row, Section

COLUMNS = ("p50", "p99", "p99.9", "max")
_WIDTH = 8  # of a column


def text(head: str, sections: Sequence[Section]) -> str:
    """Format a table. Remarks are below their section."""
    labels = [row.label for section in sections for row in section.rows]
    width = max(map(len, (*labels, *(section.title for section in sections))))
    lines = [head]
    for section in sections:
        titles = "".join(column.rjust(_WIDTH) for column in COLUMNS)
        lines += ["", f"{section.title.ljust(width)}{titles}  target"]
        remarks: list[str] = []
        for row in section.rows:
            mark = ""
            if row.remark:
                if row.remark not in remarks:
                    remarks.append(row.remark)
                mark = f" ({remarks.index(row.remark) + 1})"
            lines.append(f"{row.label.ljust(width)}{_cells(row)}  {_verdict(row)}{mark}".rstrip())
        lines += [f"  ({number}) {remark}" for number, remark in enumerate(remarks, 1)]
    return "\n".join(lines)


def _cells(row: Row) -> str:
    return "".join((_number(row.values[column]) if column in row.values else "").rjust(_WIDTH) for column in COLUMNS)


def _number(value: float) -> str:
    decimals = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{decimals}f}"


def _verdict(row: Row) -> str:
    if not row.values:
        return "not measured"
    if row.met is None:
        return ""
    wanted = ", ".join(f"{column} {target.sign} {target.limit:g}" for column, target in row.targets.items())
    return f"{wanted}: {'yes' if row.met else 'no'}"


def plain(sections: Sequence[Section]) -> dict[str, object]:
    """The rows for JSON, by section and key."""
    return {section.key: {row.key: _plain(row) for row in section.rows} for section in sections}


def _plain(row: Row) -> dict[str, object]:
    found: dict[str, object] = dict(row.values)
    if row.targets and row.values:
        found["targets"] = {column: f"{target.sign} {target.limit:g}" for column, target in row.targets.items()}
        found["met"] = row.met
    if row.remark:
        found["remark" if row.values else "missing"] = row.remark
    return found
