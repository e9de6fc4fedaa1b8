"""Reference pages of SDG indicators: the table, the standard survey variables, the series, the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sojourn.concepts.package_data import declarations
from sojourn.concepts.sdg_reference import IndicatorGroup, SdgIndicator, sdg_reference
from sojourn.concepts.survey_variables import survey_variables

__all__ = ["sdg_pages"]

_GROUPS = {
    IndicatorGroup.MIGRATION: "About migration itself",
    IndicatorGroup.DISAGGREGATED: "To be broken down by migratory status",
}
_THRESHOLDS = {
    "least_records": "not shown below {} records",
    "caution_records": "with caution below {} records",
    "least_effective": "not shown below an effective size of {}",
    "caution_freedom": "with caution below {} degrees of freedom",
    "caution_cv": "with caution above a CV of {} per cent",
    "suppress_cv": "not shown above a CV of {} per cent",
    "narrow": "shown where the interval is no wider than {}",
    "wide": "not shown where the interval is as wide as {}",
    "wide_relative": (
        "in between not shown where the width is above {} times the share, with caution where it is above as"
        " many times the rest"
    ),
    "no_variation": "shares of 0 and 1: {}",
}
Lines = Iterator[str]


def sdg_pages() -> dict[str, Iterable[str]]:
    """The lines of each page by its file name."""
    return {
        "sdg-indicators.md": _indicators(),
        "survey-variables.md": _variables(),
        "sdg-series.md": _series(),
        "publication-profiles.md": _profiles(),
    }


def _indicators() -> Lines:
    reference = sdg_reference()
    yield from [f"# {reference.titles['en']}", "", reference.description, ""]
    yield f"Version {reference.version}, {reference.status}, {_verified(reference.is_verified)}."
    yield from [f"Source: {reference.source}.", ""]
    yield "*By migratory status* says who wants it: `prescribed` by the indicator's title, `asked_for` by"
    yield "target 17.18, `inherent` where the indicator counts migrants, `proposed` by this table. An"
    yield "empty tier is not known. A country puts its own lines over these, or its own table in their place:"
    yield from ["see [how](../../how-to/sdg-indicators-by-migratory-status.md).", ""]
    for group, title in _GROUPS.items():
        yield from [f"## {title}", ""]
        heads = ["Indicator", "Title", "By migratory status", "Tier", "Gender", "Child", "Standing", "Note"]
        yield from _table(heads, (_indicator(each) for each in reference.indicators if each.group is group))
    yield from ["## Where titles and tiers were seen", ""]
    sources = {each.title_source for each in reference.indicators}
    tiers = {each.tier_source for each in reference.indicators if each.tier_source}
    yield from [f"- Titles: {source}." for source in sorted(sources)]
    yield from [f"- Tiers: {source}." for source in sorted(tiers)]


def _indicator(each: SdgIndicator) -> list[str]:
    code = f"{each.code} (= {each.same_as})" if each.same_as else each.code
    title = each.title() if each.title_is_verified else f"{each.title()} *(short, not the official title)*"
    return [
        code, title, str(each.disaggregation), each.tier, _yes(each.is_gender), _yes(each.is_child),
        f"{each.status}, {_verified(each.is_verified)}", each.note,
    ]  # fmt: skip


def _variables() -> Lines:
    yield from ["# Standard survey variables", ""]
    yield "The words in which series are declared. A specification says which column, condition or arithmetic"
    yield "of the country's file each of them is; what it does not say is missing, and reported so. Yes"
    yield from [
        "and no are `Y` and `N`; nothing stated is not `N`. Proposed by the authors, not verified.",
        "",
    ]
    heads = ["Variable", "Meaning", "Holds", "Codes or unit", "Note"]
    kinds = {"code": "a code", "yes_no": "yes or no", "number": "a number", "whole": "a whole number"}
    yield from _table(
        heads,
        (
            [
                f"`{each.name}`",
                each.meaning,
                kinds[each.kind],
                f"[{each.codes}]({each.codes}.md)" if each.codes else each.unit,
                each.note,
            ]
            for each in survey_variables().values()
        ),
    )


def _series() -> Lines:
    yield from ["# SDG series", ""]
    yield "What is computed of whom, in the words of the [standard survey variables](survey-variables.md). A"
    yield "specification changes a series by naming it, and adds its own: see"
    yield "[how](../../how-to/sdg-indicators-by-migratory-status.md). *Verified* says whether universe and"
    yield "condition were compared with the UN metadata of November 2020 of the"
    yield from ["[indicator](sdg-indicators.md); all series are proposed.", ""]
    for raw in declarations("sdg_series.yaml"):
        yield from [f"## {raw['id']}: {raw['title']['en']}", "", f"Indicator {raw['indicator']}.", ""]
        yield from _table(["Part", "Is"], _parts(raw))


def _parts(raw: Mapping[str, Any]) -> Iterator[list[str]]:
    if raw.get("made_from", "microdata") != "microdata":
        function = f"aggregates, by `{raw['function']}`" if "function" in raw else "what institutions report"
        yield ["made from", function]
    for name in ("statistic", "ages", "where", "when", "of", "over", "at", "line_share", "unit", "detail"):
        if name in raw:
            value = raw[name]
            text = _ages(value) if name == "ages" else f"`{value}`"
            yield [name, text]
    if raw.get("of_household") == "yes":
        yield ["status", "of the person, and of the head of the household"]
    if "breakdowns" in raw:
        yield ["breakdowns", ", ".join(raw["breakdowns"])]
    yield ["verified", raw.get("verified", "no")]
    if "note" in raw:
        yield ["note", raw["note"]]


def _ages(value: Mapping[str, str]) -> str:
    if "from" not in value:
        return f"to {value['to']}"
    return f"from {value['from']}" + (f" to {value['to']}" if "to" in value else " on")


def _profiles() -> Lines:
    yield from ["# Publication profiles", ""]
    yield "Which figures of a sample are shown (`PUBLISH`), which with caution (`CAUTION`), and which are not"
    yield "(`SUPPRESS`). A comparison of two groups has the verdict of the weaker figure. Profiles judge"
    yield "reliability; they do not protect anybody's data. A country adds its own in its specification."
    yield from ["CV is the coefficient of variation.", ""]
    for raw in declarations("publication_profiles.yaml"):
        verified = _verified(raw["verified"] == "yes")
        yield from [f"## {raw['id']}", "", f"{raw['title']['en']}.", ""]
        yield from [f"Version {raw['version']}, {raw['status']}, {verified}. {raw['source'].strip()}.", ""]
        rows = [["figures", _thresholds(raw["figures"])]]
        if "proportions" in raw:
            rows.append(["shares and proportions", _thresholds(raw["proportions"])])
        if "interval" in raw:
            rows.append(["interval of shares", f"`{raw['interval']}`"])
        yield from _table(["Of", "Rule"], rows)


def _thresholds(raw: Mapping[str, str]) -> str:
    said = [text.format(raw[name]) for name, text in _THRESHOLDS.items() if name in raw]
    by = "the variance" if raw.get("effective") == "design" else "the weights (Kish)"
    return "; ".join(said) + (f"; effective size by {by}" if "least_effective" in raw else "")


def _table(heads: list[str], rows: Iterable[list[str]]) -> Lines:
    yield _line(heads)
    yield _line(["---"] * len(heads))
    yield from (_line(row) for row in rows)
    yield ""


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else ""


def _verified(is_verified: bool) -> str:
    return "verified" if is_verified else "not verified"
