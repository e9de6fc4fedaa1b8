"""The report of a weighting: what each step did, in words and tables that a reviewer can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["report_text", "step_lines", "table_lines"]


def step_lines(steps: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each step."""
    for name, step in steps.items():
        if name == "nonresponse":
            yield _nonresponse(step)
        elif name == "trimming":
            yield _trimming(step)
        else:
            yield _calibration(name, step)


def report_text(
    id: str, version: str, summary: Mapping[str, Any], totals: Sequence[Mapping[str, Any]]
) -> str:
    """The report as Markdown."""
    lines = [f"# Weighting {id}, version {version}", ""]
    lines += [
        f"{summary['records']:,} records were read and {summary['weighted']:,} have a weight; the weights sum"
        f" to {summary['sum_of_weights']:,.1f}. That they differ makes variances about"
        f" {summary['effect']:.3f} times as large, for figures that have nothing to do with them.",
        "",
    ]
    lines += [f"- {line}" for line in step_lines(summary["steps"])]
    nonresponse = summary["steps"].get("nonresponse", {})
    if nonresponse.get("collapsed"):
        lines += ["", "## Classes that were collapsed", ""]
        lines += table_lines(nonresponse["collapsed"], ["class", "respondents", "factor", "became"])
    if nonresponse.get("classes"):
        lines += ["", "## Classes and their factors", ""]
        lines += table_lines(nonresponse["classes"], list(nonresponse["classes"][0]))
    if totals:
        lines += ["", "## Totals", ""]
        lines += table_lines(totals, ["margin", "category", "respondents", "total", "before", "after"])
    return "\n".join(lines) + "\n"


def _nonresponse(step: Mapping[str, Any]) -> str:
    said = f"non-response: {step['method']}, {_counted(len(step['classes']), 'class', 'classes')}"
    if step["collapsed"]:
        said += f" after {_counted(len(step['collapsed']), 'was', 'were')} collapsed"
    if step["least_factor"] is not None:
        said += f"; factors {step['least_factor']:.3g} to {step['greatest_factor']:.3g}"
    return said


def _calibration(name: str, step: Mapping[str, Any]) -> str:
    said = (
        f"{name.replace('_', ' ')}: {step['method']}, {_counted(step['iterations'], 'iteration')};"
        f" factors {step['least_factor']:.3g} to {step['greatest_factor']:.3g};"
        f" largest deviation {step['largest_deviation']:.1e} ({step['worst_total']})"
    )
    if step["negative_weights"]:
        said += f"; {_counted(step['negative_weights'], 'weight is negative', 'weights are negative')}"
    if "beyond_bounds" in step:
        beyond = _counted(step["beyond_bounds"], "weight lies", "weights lie")
        said += f"; {beyond} beyond the bounds of trimming"
    return said


def _trimming(step: Mapping[str, Any]) -> str:
    return (
        f"trimming: {step['share_moved']:.2%} of the weight moved; {step['lowered']:,} lowered,"
        f" {step['raised']:,} raised; effect of unequal weights {step['effect_before']:.3f} to"
        f" {step['effect_after']:.3f}"
    )


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def table_lines(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterator[str]:
    """The lines of a table in Markdown, with the named columns of the rows."""
    yield f"| {' | '.join(name.replace('_', ' ') for name in names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(_cell(row[name]) for name in names)} |"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1000 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
