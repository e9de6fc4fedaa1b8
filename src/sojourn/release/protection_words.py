"""The report of a table's protection in sentences: by which rules, how it was proved, what it cost.

What the report holds beside what is known here is told as it stands, so that nothing of it is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["protection_words"]

_KNOWN_RULES = {"minimum_contributors", "secondary", "round_to", "publication", "none_because"}
_KNOWN = {"rules", "statistic", "dimensions", "cells", "audit", "persons_withheld_percent"}
_KNOWN_CELLS = {"all", "published", "zero", "withheld_primary", "withheld_secondary"}
_KNOWN_AUDIT = {"standard", "width", "figures_audited", "figures_failed", "other_tables_found", "passed"}


def protection_words(report: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The parts of a report of which there is something, each with its heading and its sentences."""
    parts = [
        ("Rules", list(_rules(report.get("rules", {})))),
        ("What it cost", list(_loss(report))),
        ("How it was proved", list(_proof(report.get("audit")))),
        ("Further entries of the report", list(_rest(report))),
    ]
    return [(heading, sentences) for heading, sentences in parts if sentences]


def _rules(rules: Mapping[str, Any]) -> Iterator[str]:
    if "none_because" in rules:
        yield f"Nothing was protected, as the figures are already public: {rules['none_because']}"
        return
    if (minimum := rules.get("minimum_contributors")) is not None:
        yield f"Figures with fewer than {minimum} persons behind them are withheld; zeros are shown."
    if "secondary" in rules:
        yield (
            "Further figures are withheld until no total gives one away."
            if rules["secondary"]
            else "No further figures were withheld: none was needed, or the table would have been refused."
        )
    if "round_to" in rules:
        base = rules["round_to"]
        yield f"Figures are rounded to multiples of {base}." if base else "Figures are not rounded."
    if "publication" in rules:
        yield f"Imprecise figures are marked by the rule {rules['publication']}."


def _loss(report: Mapping[str, Any]) -> Iterator[str]:
    cells = report.get("cells", {})
    if "all" in cells and "published" in cells:
        every, are_shown = cells["all"], cells["published"]
        yield f"{are_shown:,} of {every:,} figures are shown: {_percent(are_shown, every)}."
    if "withheld_primary" in cells:
        yield f"{_figures(cells['withheld_primary'])} withheld for having too few persons."
    if "withheld_secondary" in cells:
        yield f"{_figures(cells['withheld_secondary'])} withheld so that those cannot be worked out."
    if "zero" in cells:
        yield f"{_figures(cells['zero'])} of nobody, and read{'s' if cells['zero'] == 1 else ''} zero."
    if "persons_withheld_percent" in report:
        yield (
            f"{report['persons_withheld_percent']} per cent of the persons in the table are in figures"
            " that are withheld."
        )
    if base := report.get("rules", {}).get("round_to"):
        yield f"Rounding moves a count by at most {base / 2:g}."


def _proof(audit: Mapping[str, Any] | None) -> Iterator[str]:
    if audit is None:
        return
    if "passed" in audit:
        yield (
            "The protection passed its audit."
            if audit["passed"]
            else "The protection did not pass its audit."
        )
    if "standard" in audit:
        yield str(audit["standard"]).replace("`width`", str(audit.get("width", "so many")))
    if "figures_audited" in audit:
        failed = audit.get("figures_failed", 0)
        yield f"Figures audited: {audit['figures_audited']:,}; failed: {failed:,}."
    if "other_tables_found" in audit:
        yield f"Other possible tables found: {audit['other_tables_found']:,}."


def _rest(report: Mapping[str, Any]) -> Iterator[str]:
    for name, known in (("rules", _KNOWN_RULES), ("cells", _KNOWN_CELLS), ("audit", _KNOWN_AUDIT)):
        inside = report.get(name)
        if isinstance(inside, Mapping):
            yield from _told(name, {key: value for key, value in inside.items() if key not in known})
    yield from _told("", {key: value for key, value in report.items() if key not in _KNOWN})


def _told(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _told(f"{name}, {key}" if name else str(key), inner)
    elif isinstance(value, list | tuple):
        yield f"{name.replace('_', ' ')}: {', '.join(str(inner) for inner in value) or 'none'}"
    else:
        words = {"True": "yes", "False": "no", "None": "not given"}
        yield f"{name.replace('_', ' ')}: {words.get(str(value), value)}"


def _figures(number: int) -> str:
    return "1 figure is" if number == 1 else f"{number:,} figures are"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} per cent" if whole else "nothing"
