"""Reference pages of the concepts, written from the data so that the two cannot disagree.

    python -m sojourn.concepts.reference docs/reference/concepts

writes one Markdown page for each code list, one for the age schemes, one for the migration frameworks,
those of SDG indicators and an index. A test fails when the pages that are kept with the project are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sojourn.concepts.ages import age_scheme, age_schemes
from sojourn.concepts.areas import regions_of
from sojourn.concepts.code_lists import Code, CodeList, code_list, code_lists
from sojourn.concepts.frameworks import Framework, FrameworkRule, class_of_stay, frameworks
from sojourn.concepts.package_data import rows
from sojourn.concepts.sdg_pages import sdg_pages

__all__ = ["main", "pages"]

_NOTICE = "<!-- Written by `python -m sojourn.concepts.reference`; edit the data files, not this page. -->"


def pages() -> dict[str, str]:
    """Every reference page by its file name."""
    lists = [code_list(list_id) for list_id in code_lists()]
    return {
        "index.md": _page(_index(lists)),
        **{f"{codes.id}.md": _page(_list_page(codes)) for codes in lists},
        "age-schemes.md": _page(_age_page()),
        "frameworks.md": _page(_framework_page()),
        **{name: _page(lines) for name, lines in sdg_pages().items()},
    }


def _page(lines: Iterable[str]) -> str:
    return "\n".join([_NOTICE, "", *lines]).rstrip() + "\n"


def _table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield _line(heads)
    yield _line("---" for _ in heads)
    yield from (_line(cells) for cells in lines)
    yield ""


def _right_to_left(text: str) -> tuple[str, str]:
    return f"<p dir='rtl' lang='ar'>{text}</p>", ""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _verdict(is_verified: bool) -> str:
    return "yes" if is_verified else "no"


def _index(lists: list[CodeList]) -> Iterator[str]:
    yield from ["# Concepts", ""]
    yield "What the words of the project mean, as data. Each concept says where it comes from and how far"
    yield "it is agreed on: adopted by an international body, national, or proposed by the authors so far."
    yield "*Verified: no* marks what was written from memory or in words of our own that want checking."
    yield ""
    yield "Names other than the English ones are the project's own translations and the Unicode CLDR's;"
    yield from ["the bodies that keep the lists have not reviewed them.", ""]
    yield from _table(
        ["List", "Title", "العنوان", "Version", "Status", "Verified", "Codes"],
        [
            [
                f"[{codes.id}]({codes.id}.md)",
                codes.title(),
                codes.title("ar"),
                codes.version,
                codes.status,
                _verdict(codes.is_verified),
                str(len(codes)),
            ]
            for codes in lists
        ],
    )
    yield "See also the [age schemes](age-schemes.md), the [migration frameworks](frameworks.md), the"
    yield "[SDG indicators](sdg-indicators.md) by migratory status with their [series](sdg-series.md), the"
    yield "[standard survey variables](survey-variables.md), the"
    yield "[publication profiles](publication-profiles.md) and the [glossary](../../glossary.md)."


def _list_page(codes: CodeList) -> Iterator[str]:
    yield from [f"# {codes.id}: {codes.title()}", "", *_right_to_left(codes.title("ar"))]
    yield from _table(
        ["Version", "Agency", "Status", "Verified", "Valid from", "Source"],
        [
            [
                codes.version,
                codes.agency,
                codes.status,
                _verdict(codes.is_verified),
                codes.valid_from.isoformat(),
                codes.source,
            ]
        ],
    )
    if codes.description:
        yield from [codes.description, ""]
    extra = _extra_columns(codes)
    yield from _table(
        ["Code", "English", "العربية", *extra],
        (
            [*_names(code), *(values[position] for values in extra.values())]
            for position, code in enumerate(codes)
        ),
    )
    yield from _english_only(codes)
    if codes.id == "CL_AREA_GROUP":
        yield from _own_memberships()


def _names(code: Code) -> list[str]:
    return [f"`{code.code}`", code.name(), code.name("ar") if code.is_named_in("ar") else "—"]


def _extra_columns(codes: CodeList) -> dict[str, list[str]]:
    """The further columns that hold anything, each with one text for every code."""
    columns = {
        "Under": [f"`{code.parent}`" if code.parent else "" for code in codes],
        "Regions": [", ".join(regions_of(code.code)) for code in codes] if codes.id == "CL_AREA" else [],
        **{name: [code.attributes.get(name, "") for code in codes] for name in codes.attributes},
        "Valid": [_validity(code) for code in codes],
        "Successors": [", ".join(code.successors) for code in codes],
        "In tables only": ["yes" if code.only_in_tables else "" for code in codes],
        "Meaning": [code.description for code in codes],
        "Differs from the list": [_differences(code, codes) for code in codes],
    }
    return {name: values for name, values in columns.items() if any(values)}


def _validity(code: Code) -> str:
    bounds = [bound.isoformat() if bound else "" for bound in (code.valid_from, code.valid_to)]
    return " to ".join(bounds).strip() if any(bounds) else ""


def _differences(code: Code, codes: CodeList) -> str:
    found = [
        f"source: {code.source}" if code.source != codes.source else "",
        f"status: {code.status}" if code.status != codes.status else "",
        f"verified: {_verdict(code.is_verified)}" if code.is_verified != codes.is_verified else "",
    ]
    return "; ".join(text for text in found if text)


def _english_only(codes: CodeList) -> Iterator[str]:
    unnamed = [code.code for code in codes if not code.is_named_in("ar")]
    if unnamed:
        yield "No Arabic name, so the English one is shown in its place: " + ", ".join(unnamed) + "."


def _own_memberships() -> Iterator[str]:
    yield from ["## Areas that M49 does not place", ""]
    yield from _table(
        ["Area", "Name", "Region", "Basis", "Why"],
        (
            [str(row["area"]), _name_of(row["area"]), str(row["group"]), str(row["basis"]), str(row["note"])]
            for row in rows("area_groups.csv")
            if row["note"] is not None
        ),
    )


def _name_of(area: str | None) -> str:
    return code_list("CL_AREA").code(str(area)).name()


def _age_page() -> Iterator[str]:
    yield from ["# Age schemes", "", "Each scheme covers every age in completed years once.", ""]
    names = code_list("CL_AGE")
    for scheme_id in age_schemes():
        yield from [f"## `{scheme_id}`", ""]
        yield from _table(
            ["Code", "From", "To", "English", "العربية"],
            (
                [
                    f"`{group.code}`",
                    str(group.lower),
                    "" if group.upper is None else str(group.upper),
                    names.code(group.code).name(),
                    names.code(group.code).name("ar"),
                ]
                for group in age_scheme(scheme_id).groups
            ),
        )


def _framework_page() -> Iterator[str]:
    yield from ["# Migration frameworks", ""]
    yield "The same stay is a different thing under each framework, so it carries a class under each."
    yield from ["The rule in force on the day of arrival decides.", ""]
    for found in frameworks():
        yield from _one_framework(found)
    yield from ["## Twelve short biographies", ""]
    classes = code_list("CL_STAY_CLASS")
    yield from _table(
        ["Days", "Biography", "السيرة", *(found.id for found in frameworks())],
        (
            [
                str(row["days"]),
                str(row["name_en"]),
                str(row["name_ar"]),
                *(
                    classes.code(class_of_stay(int(str(row["days"])), found, purpose=row["purpose"])).name()
                    for found in frameworks()
                ),
            ]
            for row in rows("biographies.csv")
        ),
    )


def _one_framework(found: Framework) -> Iterator[str]:
    purposes = code_list("CL_PURPOSE")
    yield from [
        f"## `{found.id}`: {found.title()}",
        "",
        *_right_to_left(found.title("ar")),
        found.description,
        "",
    ]
    yield f"Source: {found.source}. Status: {found.status}. Verified: {_verdict(found.is_verified)}."
    if found.excluded_purposes:
        excluded = ", ".join(purposes.code(code).name().lower() for code in found.excluded_purposes)
        yield f"Excluded purposes: {excluded}."
    for rule in found.rules:
        yield from _one_rule(rule)


def _one_rule(rule: FrameworkRule) -> Iterator[str]:
    classes, bands = code_list("CL_STAY_CLASS"), code_list("CL_DURATION_BAND")
    until = f" to {rule.valid_to}" if rule.valid_to else ""
    residence = rule.residence
    yield from ["", f"From {rule.valid_from}{until}: {rule.stated}."]
    yield from [
        f"Residence by {residence.present} {residence.unit} present within"
        f" {residence.window} {residence.unit}.",
        "",
    ]
    yield from _table(
        ["Class", "English", "العربية", "From days", "Below days", "Length", "If the purpose is excluded"],
        (
            [
                f"`{category.code}`",
                classes.code(category.code).name(),
                classes.code(category.code).name("ar"),
                str(category.from_days),
                "" if category.below_days is None else str(category.below_days),
                bands.code(category.band).name(),
                f"`{category.otherwise}`" if category.otherwise else "",
            ]
            for category in rule.categories
        ),
    )


def main(arguments: list[str]) -> int:
    """Write the pages into a folder; the exit code tells the shell."""
    if len(arguments) != 1:
        print("Usage: python -m sojourn.concepts.reference FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
