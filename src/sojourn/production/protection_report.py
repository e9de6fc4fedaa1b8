"""The report of a protection for the office, and the notes for readers, as pages."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["notes_text", "report_page", "risk_lines"]

_WORDS = {
    "recode": "codes were brought together",
    "bands": "numbers were put in bands",
    "ends": "numbers beyond an end became the mean of all beyond it",
    "round": "numbers were rounded",
    "period": "days became periods",
    "swap": "some households that look alike changed places",
    "randomise": "codes were changed by chance",
    "aggregate": "numbers became the means of small groups",
    "noise": "noise was added to numbers",
    "suppress": "single values were emptied",
    "synthesise": "all records are synthetic",
}


@dataclass
class _Section:
    title: str
    lines: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def risk_lines(risk: Mapping[str, Any]) -> Iterator[str]:
    """The risk of a file, a sentence each."""
    yield (
        f"{risk['records']:,} records, {risk['patterns']:,} patterns of {len(risk['keys'])} keys; the fewest"
        f" that agree are {risk['smallest']:,}"
    )
    too_few = ", ".join(f"{each['records']:,} with fewer than {each['below']}" for each in risk["too_few"])
    yield f"records by how many agree: {too_few}"
    yield (
        f"who knows all keys of everybody is expected to recognise {risk['expected']:,.1f} records"
        f" ({risk['share']:.2%}); the highest risk of a record is {risk['highest']:.3g}"
    )
    unique = risk["uniques"]
    yield (
        f"{unique['in_file']:,} records are unique in the file; unique in the population are expected to be"
        f" {unique['by_weights']:,.1f} by their weights, {unique['by_model']:,.1f} by a log-linear model"
    )
    for each in risk["diversity"]:
        if each["smallest"] is not None:
            yield (
                f"{each['column']}: the fewest different values among those who agree are {each['smallest']},"
                f" by entropy {each['smallest_entropy']:.2f}"
            )
    yield from _special_and_households(risk)


def _special_and_households(risk: Mapping[str, Any]) -> Iterator[str]:
    special = risk.get("special_uniques")
    if special:
        sets = ", ".join(f"{count:,} of {size}" for size, count in special["sets"].items())
        yield (
            f"sets of keys that make a record unique, by their number: {sets}; {special['records']:,} records"
            f" have one, and the highest score is {special['highest_score']:.3g}"
        )
    households = risk.get("households")
    if households:
        yield (
            f"of {households['households']:,} households {households['expected']:,.1f} are expected to be"
            f" recognised ({households['share']:.2%}); the highest risk is {households['highest']:.3g}"
        )


def report_page(said: Mapping[str, Any], *, is_html: bool) -> str:
    """The report for the office as Markdown, or as a page of HTML that needs nothing else."""
    title = f"Protection of {said['id']}, version {said['version']}"
    sections = list(_sections(said))
    return _as_html(title, sections) if is_html else _as_markdown(title, sections)


def _sections(said: Mapping[str, Any]) -> Iterator[_Section]:
    kept = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in said["limits"].items() if value is not None
    )
    yield _Section(
        "What it is",
        [
            f"kind of file: {said['kind'].replace('_', ' ')}, version {said['kind_version']}; limits: {kept}",
            f"columns that do not leave: {', '.join(said['dropped']) or 'none'}",
            *(f"accepted as no identifier: {name}, since {why}" for name, why in said["accepted"].items()),
        ],
    )
    for when in ("before", "after"):
        yield _Section(f"Risk {when}", list(risk_lines(said["risk"][when])))
    yield _Section("Identifiers found by content, before", rows=list(said["identifiers"]["before"]))
    yield _Section("Steps", [_step_line(step) for step in said["steps"]])
    yield from _loss_sections(said["loss"])


def _step_line(step: Mapping[str, Any]) -> str:
    skipped = ("step", "columns", "matrices", "codes")
    told = [f"{name.replace('_', ' ')} {_cell(value)}" for name, value in step.items() if name not in skipped]
    return f"{step['step']} of {', '.join(step['columns'])}" + (f": {'; '.join(told)}" if told else "")


def _loss_sections(loss: Mapping[str, Any]) -> Iterator[_Section]:
    recoded = [{"column": name, **told} for name, told in loss["recoded"].items()]
    yield _Section("Coarser codes", rows=recoded)
    yield _Section("Changed cells", rows=list(loss["changed"]))
    tables = [{**each, "columns": " × ".join(each["columns"])} for each in loss["tables"] if each["distance"]]
    yield _Section("Tables that changed", rows=tables)
    numbers = [
        {"column": each["column"], "figure": name, "before": value, "after": each["after"].get(name)}
        for each in loss["numbers"]
        for name, value in each["before"].items()
    ]
    lines = (
        [f"largest change of a correlation: {loss['largest_change_of_correlation']:.3g}"] if numbers else []
    )
    yield _Section("Numbers", lines, numbers)
    yield _Section("Regressions", rows=list(loss["coefficients"]))
    if loss["propensity"]:
        own = loss["propensity"]
        yield _Section(
            "Who can tell",
            [
                f"propensity score mean-squared error {own['error']:.3g}, {own['ratio']:.2f} times what a"
                f" correct synthesis has, with {own['parameters']} parameters"
            ],
        )


def notes_text(said: Mapping[str, Any]) -> str:
    """What readers are told: what became of which columns, and the chances by which figures are corrected.

    How many households changed places, and the risk before, are not told: they would help an intruder.
    """
    lines = [f"# How the file {said['id']}, version {said['version']}, was protected", ""]
    lines += [
        "The file tells of persons and was protected so that nobody is recognised. What is emptied or changed"
        " is not marked in it.",
        "",
    ]
    for step in said["steps"]:
        lines.append(f"- {', '.join(step['columns'])}: {_WORDS[step['step']]}{_for_readers(step)}.")
    for step in said["steps"]:
        for name, matrix in step.get("matrices", {}).items():
            lines += ["", f"## Chances of {name}", ""]
            lines += [
                "A row says with which chance a code became each other. Counts or weighted totals c of the"
                " file estimate those before by solving T' x = c, where T is this matrix"
                + ("; one-way tables need no correction." if step["is_invariant"] else "."),
                "",
            ]
            rows = [
                {"code": code, **dict(zip(matrix["codes"], chances, strict=True))}
                for code, chances in zip(matrix["codes"], matrix["chances"], strict=True)
            ]
            lines += list(_table(rows))
    return "\n".join(lines) + "\n"


def _for_readers(step: Mapping[str, Any]) -> str:
    if step["step"] == "suppress":
        emptied = ", ".join(f"{name} {count:,}" for name, count in step["by_key"].items() if count)
        return f" ({emptied or 'none'})"
    if step["step"] == "aggregate":
        return f" of at least {step['least']} records"
    if step["step"] == "noise":
        return f" of {step['share']:g} times their standard deviation"
    if step["step"] == "round":
        return f" to multiples of {step['base']:g}"
    if step["step"] == "synthesise":
        return ", drawn one column after another from trees"
    return ""


def _as_markdown(title: str, sections: Sequence[_Section]) -> str:
    lines = [f"# {title}"]
    for section in sections:
        if section.lines or section.rows:
            lines += ["", f"## {section.title}", "", *(f"- {line}" for line in section.lines)]
            lines += (
                ["", *_table(section.rows)] if section.lines and section.rows else list(_table(section.rows))
            )
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if rows:
        yield f"| {' | '.join(name.replace('_', ' ') for name in rows[0])} |"
        yield f"|{' --- |' * len(rows[0])}"
        for row in rows:
            yield f"| {' | '.join(_cell(value).replace('|', '/') for value in row.values())} |"


def _as_html(title: str, sections: Sequence[_Section]) -> str:
    parts = [
        "<!doctype html>", '<html lang="en">', '<meta charset="utf-8">',
        f"<title>{html.escape(title)}</title>",
        "<style>body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}th,td{border:1px solid #999;padding:.2rem .6rem}</style>",
        f"<h1>{html.escape(title)}</h1>",
    ]  # fmt: skip
    for section in sections:
        if not (section.lines or section.rows):
            continue
        parts.append(f"<h2>{html.escape(section.title)}</h2>")
        if section.lines:
            parts.append(f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in section.lines)}</ul>")
        if section.rows:
            head = "".join(
                f'<th scope="col">{html.escape(name.replace("_", " "))}</th>' for name in section.rows[0]
            )
            body = "".join(
                f"<tr>{''.join(f'<td>{html.escape(_cell(value))}</td>' for value in row.values())}</tr>"
                for row in section.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return "\n".join([*parts, "</html>"]) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
