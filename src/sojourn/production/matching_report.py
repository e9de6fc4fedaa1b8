"""The report of a matching, in words and tables that a reviewer can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sojourn.production.weighting_report import table_lines
from sojourn.project.joining_declarations import MatchingDeclaration

__all__ = ["bounds_line", "matching_lines", "matching_report"]


def matching_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """What a person is told: that values are imputed, how near donors are, and what is not known."""
    marks = ", ".join(f"{name}_is_imputed" for name in summary["imputed"])
    yield f"imputed, not asked: {', '.join(summary['imputed'])} (marked by {marks})"
    uses = f"{summary['donors_used']:,} donors gave, one at most {summary['most_uses']:,} times"
    if summary["mean_distance"] is not None:
        uses += f"; mean distance {summary['mean_distance']:.3g}, the greatest"
        uses += f" {summary['greatest_distance']:.3g} of at most 1"
    yield uses
    if summary["silent_donors"]:
        yield f"{summary['silent_donors']:,} donors do not state all that is given, and gave nothing"
    for each in summary["bounds"]:
        yield bounds_line(each)
    if not summary["bounds"]:
        yield (
            "how given values go with what only the recipients were asked is not known: declare `bounds` to"
            " see between which shares it lies"
        )


def bounds_line(each: Mapping[str, Any]) -> str:
    """How far the joint distribution of two columns is known, in a sentence."""
    said = (
        f"{each['recipients']} with {each['donors']}: joint shares are known to within"
        f" {each['uncertainty']:.3f} on average"
    )
    if each["shared"]:
        said += f" ({each['uncertainty_without']:.3f} without {', '.join(each['shared'])})"
    return said + "; a matched share is one guess between its bounds"


def matching_report(declared: MatchingDeclaration, summary: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = [f"# Matching {declared.id}, version {declared.version}", ""]
    lines += [f"{summary['recipients']:,} recipients, {summary['donors']:,} donors.", ""]
    lines += [f"- {line}" for line in matching_lines(summary)]
    lines += ["", "## Given values, among donors and among recipients", ""]
    lines += table_lines(summary["distributions"], ["column", "category", "donors", "recipients"])
    lines += ["", "## Classes", ""]
    lines += table_lines(summary["classes"], ["class", "recipients", "donors", "mean_distance"])
    for each in summary["bounds"]:
        lines += ["", f"## {each['recipients']} with {each['donors']}: what is known", ""]
        lines += [
            "Each share lies between `lower` and `upper`, whatever is matched. `independent` is what it is if"
            " nothing but the shared columns joins the two, which no file shows.",
            "",
        ]
        names = ["recipients_code", "donors_code", "lower", "upper", "independent", "matched"]
        lines += table_lines(each["cells"], [*names, "lower_without", "upper_without"])
    return "\n".join(lines) + "\n"
