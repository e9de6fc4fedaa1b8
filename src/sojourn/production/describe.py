"""How a table is described to its readers: from declarations, concepts and the deliveries behind it."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sojourn.concepts import UN_LANGUAGES, area, code_list
from sojourn.dissemination.publication import (
    Agency,
    CodeDescription,
    Contact,
    Country,
    Dimension,
    Licence,
    Method,
    Protection,
    Revision,
    SourceDescription,
    TableDescription,
    Texts,
    Unit,
)
from sojourn.dissemination.wording import wording
from sojourn.errors import ProjectError
from sojourn.production.counted import contract_behind, given_by, survey_design_of
from sojourn.production.linkage_errors import DrawnLinks
from sojourn.production.quality import RecordsBehind
from sojourn.production.words import WORDS
from sojourn.project.contracts import sources_behind
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.dimensions import Dimension as DeclaredDimension
from sojourn.project.dimensions import dimensions_of
from sojourn.project.load import Declarations
from sojourn.project.table_declarations import Indicator, TableDeclaration

__all__ = ["agency_of", "country_of", "describe_table"]

# What readers are told a figure is; a statistic that is not here is a count.
_SHOWN_AS: Mapping[str, Literal["count", "share", "rate", "mean", "ratio", "index"]] = {
    "share": "share",
    "proportion": "share",
    "poverty_rate": "share",
    "poverty_gap": "share",
    "mean": "mean",
    "total": "mean",
    "quantile": "mean",
    "ratio": "ratio",
    "quintile_share_ratio": "ratio",
    "gini": "index",
}
_DECIMALS = {"mean": 1, "quantile": 1, "ratio": 2, "quintile_share_ratio": 2, "gini": 3}


def agency_of(declarations: Declarations) -> Agency:
    """The publishing office."""
    agency = declarations.settings.agency
    return Agency(id=agency.id, name=dict(agency.title))


def country_of(declarations: Declarations) -> Country:
    """The country of the project."""
    return Country(code=declarations.settings.country, name=dict(declarations.settings.title))


def describe_table(
    declarations: Declarations,
    table: TableDeclaration,
    *,
    codes: Mapping[str, Sequence[str]],
    periods: Sequence[str],
    report: Mapping[str, Any],
    deliveries: Sequence[Mapping[str, Any]],
    behind: RecordsBehind,
    has_errors: bool,
    version: int,
    revisions: Sequence[Revision],
    decimals: int | None = None,
    drawn: DrawnLinks | None = None,
) -> TableDescription:
    """The description of a table whose observations use the given codes and periods.

    `decimals` is given for published figures, which are shown as they are; others have those of their kind.
    `drawn` is given where the observations say what linkage adds.
    """
    indicator = declarations.indicators[table.indicator]
    sources = sources_behind(indicator, declarations.sources, declarations.settings.spine)
    settings = declarations.settings
    return TableDescription(
        id=table.id,
        title=dict(table.title),
        description=dict(table.description) or dict(indicator.title),
        definition=dict(indicator.definition),
        unit=_unit(indicator, decimals, is_gap=table.gap is not None),
        statistic=_SHOWN_AS.get(indicator.statistic, "count"),
        dimensions=_dimensions(declarations, table, codes),
        time_periods=tuple(periods),
        sources=tuple(
            _source(declarations, source, [one for one in deliveries if one["source"] == source.id])
            for source in sources
        ),
        method=_method(declarations, indicator, has_errors),
        protection=_protection(table, report),
        licence=Licence(id=settings.licence.id, url=settings.licence.url),
        contact=_contact(declarations),
        citation=_citation(declarations, table, version),
        frequency={"year": "A", "quarter": "Q", "month": "M"}[indicator.frequency],
        indicator=indicator.id,
        version=f"{version}.0",
        quality_notes=_quality(behind),
        uncertainty=_uncertainty(indicator, has_errors, drawn),
        revisions=tuple(revisions),
        headline={name.upper(): code for name, code in table.headline.items()},
    )


def _unit(indicator: Indicator, decimals: int | None, *, is_gap: bool = False) -> Unit:
    if _SHOWN_AS.get(indicator.statistic) == "share":
        return Unit(id="PT", name=_words("percentage_points" if is_gap else "per_cent"), decimals=1)
    if decimals is None:
        decimals = _DECIMALS.get(indicator.statistic, 0)
    is_count = indicator.statistic == "count"
    return Unit(id="PS" if is_count else "UNIT", name=dict(indicator.unit), decimals=decimals)


def _words(key: str, **values: float) -> dict[str, str]:
    """A sentence in each language, with its numbers as that language writes them."""
    found = {}
    for language, text in WORDS[key].items():
        written = wording(language)
        numbers = {
            name: written.number(value, 0 if isinstance(value, int) else 2) for name, value in values.items()
        }
        found[language] = text.format(**numbers)
    return found


def _method(declarations: Declarations, indicator: Indicator, has_errors: bool) -> Method:
    return Method(
        id=f"{indicator.statistic}_of_{given_by(declarations, indicator)}",
        title=_words(f"method_{indicator.statistic}"),
        summary=_words(f"summary_{_summary(declarations, indicator, has_errors)}"),
    )


def _summary(declarations: Declarations, indicator: Indicator, has_errors: bool) -> str:
    """How the figures came about, as the words about it are named."""
    origin = _origin(indicator, has_errors)
    design = survey_design_of(declarations, indicator)
    is_linearised = origin == "survey" and design is not None and design.variance == "taylor"
    return "linearised" if is_linearised else origin


def _uncertainty(indicator: Indicator, has_errors: bool, drawn: DrawnLinks | None) -> dict[str, str]:
    """What a reader must know of the errors, in each language: of the records, then of their linkage."""
    said = _words(f"uncertainty_{_origin(indicator, has_errors)}")
    if drawn is None:
        return said
    key = "linkage_reviewed" if drawn.reviewed_pairs else "linkage_model"
    more = _words(key, versions=drawn.versions, pairs=drawn.reviewed_pairs)
    return {language: f"{text} {more[language]}" for language, text in said.items()}


def _origin(indicator: Indicator, has_errors: bool) -> str:
    """What kind of figures these are, as the words about method and uncertainty are named."""
    if indicator.statistic == "value":
        return "published"
    if indicator.counts == "permit_outcome":
        return "permits"
    if indicator.counts == "migratory_status":
        return "register"
    if indicator.counts is not None:
        return "border"
    return "survey" if has_errors else "register"


def _added_to_one(table: TableDeclaration, indicator: Indicator) -> set[str]:
    """The dimensions over which shares add up to the whole: their total says nothing to a reader."""
    return (
        {name for name in table.by if name not in table.within} if indicator.statistic == "share" else set()
    )


def _dimensions(
    declarations: Declarations, table: TableDeclaration, codes: Mapping[str, Sequence[str]]
) -> tuple[Dimension, ...]:
    indicator = declarations.indicators[table.indicator]
    known = dimensions_of(contract_behind(declarations, indicator))
    added = _added_to_one(table, indicator)
    return tuple(
        _dimension(known[name], codes[name.upper()], declarations, adds_to_one=name in added)
        for name in table.by
    )


def _dimension(
    declared: DeclaredDimension, used: Sequence[str], declarations: Declarations, *, adds_to_one: bool
) -> Dimension:
    """A dimension with its codes; `total` is the code that stands first for readers who choose nothing."""
    ordered = _ordered(declared, used)
    return Dimension(
        id=declared.name.upper(),
        name=dict(declared.title),
        codelist=declared.codes,
        role=declared.role,  # type: ignore[arg-type]  # the roles of both models are the same words; a test holds them together
        codes=tuple(_code(declared, code, declarations) for code in ordered),
        total="_T" if "_T" in ordered and not adds_to_one else None,
    )


def _ordered(declared: DeclaredDimension, used: Iterable[str]) -> list[str]:
    """The codes in the order of their list, those it does not know after them, unknown last, total first.

    Countries stand by their English names, since readers look for a name and not for a code.
    Revisions come newest first: it is the latest that a reader wants, and that has the latest periods.
    """
    if declared.name == "revision":
        return sorted(used, reverse=True)
    rank = (
        {code.code: position for position, code in enumerate(code_list(declared.codes))}
        if declared.codes
        else {}
    )
    if declared.codes == "CL_AREA":
        rank = {code: position for position, code in enumerate(sorted(rank, key=_name_to_sort_by))}
    special = {"_T": -1, "_O": 10**6, "_Z": 10**6 + 1, "_U": 10**6 + 2}
    return sorted(used, key=lambda code: (special.get(code, rank.get(code, 10**5)), code))


def _name_to_sort_by(area_code: str) -> str:
    """The English name without accents and case, as in an index."""
    name = unicodedata.normalize("NFKD", area(area_code).name())
    return "".join(letter for letter in name if not unicodedata.combining(letter)).casefold()


def _code(declared: DeclaredDimension, code: str, declarations: Declarations) -> CodeDescription:
    settings = declarations.settings
    # A country with a code of its own is in no region and stands among them as itself.
    if declared.codes in ("CL_AREA", "CL_AREA_GROUP") and code == settings.country:
        return CodeDescription(id=code, name=dict(settings.title))
    own = declarations.names.get(declared.name, {}).get(code)
    if own:
        return CodeDescription(id=code, name=own)
    names = _names(declared.codes, code)
    m49 = None
    if declared.codes == "CL_AREA" and code in code_list("CL_AREA"):
        m49 = area(code).m49
    return CodeDescription(id=code, name=names, m49=m49)


def _names(list_id: str | None, code: str) -> dict[str, str]:
    if code == "_T":
        return dict(WORDS["total"])
    if list_id is None or code not in code_list(list_id):
        return {"en": code} if not code.startswith("_") else dict(WORDS.get(f"code{code}", {"en": code}))
    found = code_list(list_id).code(code)
    return {
        language: found.name(language)
        for language in UN_LANGUAGES
        if found.is_named_in(language) or language == "en"
    }


def _source(
    declarations: Declarations, source: SourceDeclaration, deliveries: Sequence[Mapping[str, Any]]
) -> SourceDescription:
    provider = declarations.organisations[source.provider]
    periods = sorted({str(delivery["period"]).partition("/")[0] for delivery in deliveries})
    shown = periods[0] if len(periods) == 1 else f"{periods[0]}–{periods[-1]}" if periods else ""
    return SourceDescription(
        id=source.id,
        title=dict(source.title),
        provider=dict(provider.title),
        kind=source.kind,
        period="" if shown == "all" else shown,
    )


def _protection(table: TableDeclaration, report: Mapping[str, Any]) -> Protection:
    rules: list[Texts] = []
    protect = table.protect
    if protect.none_because is not None:
        return Protection(rules=({"en": protect.none_because},), cells=int(report["cells"]["all"]))
    if protect.method == "cell_keys":
        rules += [_words("rule_cell_keys"), _words("rule_cell_key_sums")]
        return Protection(rules=tuple(rules))
    rules.append(_words("rule_minimum", minimum=protect.minimum_contributors))
    if protect.secondary:
        rules.append(_words("rule_secondary"))
    if protect.round_to is not None:
        rules.append(_words("rule_rounding", base=protect.round_to))
    return Protection(
        rules=tuple(rules),
        cells=int(report["cells"]["all"]),
        withheld_primary=int(report["cells"].get("withheld_primary", 0)),
        withheld_secondary=int(report["cells"].get("withheld_secondary", 0)),
        minimum_contributors=protect.minimum_contributors,
        rounded_to=float(protect.round_to) if protect.round_to is not None else None,
    )


def _contact(declarations: Declarations) -> Contact:
    agency = declarations.settings.agency
    return Contact(name=dict(agency.title), email=agency.contact or None)


def _citation(declarations: Declarations, table: TableDeclaration, version: int) -> dict[str, str]:
    agency = declarations.settings.agency.title
    year = datetime.datetime.now(datetime.UTC).year
    found = {}
    for language, title in table.title.items():
        office = agency.get(language) or next(iter(agency.values()))
        found[language] = f"{office} ({year}): {title}. {table.id}, version {version}.0."
    if not found:
        raise ProjectError(f"The table {table.id} has no title.")
    return found


def _quality(behind: RecordsBehind) -> tuple[Texts, ...]:
    return (_words("quality_records", loaded=behind.counted, share=behind.unusable_share),)
