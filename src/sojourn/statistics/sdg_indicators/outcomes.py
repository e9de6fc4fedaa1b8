"""What became of every indicator of the table: computed, or why not, so that nothing is left out unsaid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.sdg_reference import SdgIndicator, SdgReference
from sojourn.contracts.sdg import SdgOutcome
from sojourn.statistics.sdg_indicators.figures import Computed
from sojourn.statistics.sdg_indicators.series import Series

__all__ = ["sdg_outcomes", "sdg_subset"]

_MIGRANTS = ("FB", "NONCIT_STLS", "NONCIT", "STLS", "FB_CIT", "FB_NONCIT_STLS")
_NO_SERIES = "_Z"


def sdg_outcomes(
    reference: SdgReference,
    series: Sequence[Series],
    computed: Iterable[Computed],
    *,
    variables: Collection[str],
    known: Collection[str],
    left_out: Collection[str] = (),
    on: date | None = None,
) -> pa.Table:
    """One row, as `SdgOutcome`, for each series of each indicator in force, and for indicators without one.

    `variables` are those that the country's file has, `known` all that may be named; `left_out` are
    numbers of indicators, or series, that the country does not want. Series of indicators that the table
    does not have come last.
    """
    found = {each.series.id: each for each in computed}
    by_indicator: dict[str, list[Series]] = {}
    for each in series:
        by_indicator.setdefault(each.indicator, []).append(each)
    rows = []
    indicators = reference.in_force(on)
    for indicator in indicators:
        own = by_indicator.pop(indicator.code, [])
        if indicator.code in left_out or not own:
            rows.append(_without_series(indicator, indicator.code in left_out))
            continue
        rows += [_row(indicator, each, found.get(each.id), variables, known, left_out) for each in own]
    for own in by_indicator.values():
        rows += [_row(None, each, found.get(each.id), variables, known, left_out) for each in own]
    return SdgOutcome.conform(pa.Table.from_pylist(rows, schema=SdgOutcome.schema()))


def sdg_subset(figures: pa.Table, reference: SdgReference, subset: str) -> pa.Table:
    """The figures of the gender-responsive (`gender`) or child-sensitive (`child`) indicators.

    Of the first those by migratory status and sex, of the second those by migratory status of persons
    below 18.

    Raises: ValueError for another subset.
    """
    if subset not in ("gender", "child"):
        raise ValueError(f"There is no subset {subset!r}; there are gender and child.")
    wanted = [
        each.code
        for each in reference.indicators
        if (each.is_gender if subset == "gender" else each.is_child)
    ]
    kept = pc.is_in(figures["INDICATOR"], pa.array(wanted, pa.string()))
    of_group = pc.not_equal(figures["SEX"], "_T") if subset == "gender" else pc.equal(figures["AGE"], "Y0T17")
    return figures.filter(pc.and_(kept, of_group))


def _about(indicator: SdgIndicator | None) -> dict[str, Any]:
    if indicator is None:
        return {"gender": False, "child": False, "status": "national", "verified": False}
    return {
        "group": str(indicator.group),
        "disaggregation": str(indicator.disaggregation),
        "tier": indicator.tier or None,
        "gender": indicator.is_gender,
        "child": indicator.is_child,
        "status": str(indicator.status),
        "verified": indicator.is_verified,
    }


def _without_series(indicator: SdgIndicator, is_left_out: bool) -> dict[str, Any]:
    outcome = "LEFT_OUT" if is_left_out else "NOT_DECLARED"
    return {
        "indicator": indicator.code,
        "series": _NO_SERIES,
        "full_title": indicator.title(),
        "outcome": outcome,
        "explanation": _WORDS[outcome],
        **_about(indicator),
    }


_WORDS = {
    "COMPUTED": "At least one figure of migrants may be shown.",
    "TOO_FEW": "The sample has too few migrants: the profile lets no figure of theirs be shown.",
    "NO_STATUS": "Computed for everyone only: neither place of birth nor citizenship is known.",
    "UNIVERSE_EMPTY": "No record belongs to the universe, or states what the figure needs.",
    "NOT_DECLARED": "No series computes it: declare one, or leave the indicator out.",
    "LEFT_OUT": "The country leaves it out.",
}


def _row(
    indicator: SdgIndicator | None,
    series: Series,
    computed: Computed | None,
    variables: Collection[str],
    known: Collection[str],
    left_out: Collection[str],
) -> dict[str, Any]:
    missing = sorted(series.variables(known) - set(variables))
    outcome = "LEFT_OUT" if series.id in left_out else _outcome(series, computed)
    row: dict[str, Any] = {
        "indicator": series.indicator,
        "series": series.id,
        "full_title": series.title,
        "outcome": outcome,
        "explanation": _explained(outcome, series, missing),
        "missing": ", ".join(missing) if outcome == "VARIABLE_MISSING" else None,
        "fits": series.fits,
        "note": series.note or None,
        **_about(indicator),
    }
    if computed is None:
        return row
    counts = _counts(computed.figures)
    return {
        **row,
        "not_broken_down": ", ".join(computed.wanting) or None,
        "contributors": computed.contributors,
        "published": counts.get("PUBLISH", 0),
        "caution": counts.get("CAUTION", 0),
        "suppressed": counts.get("SUPPRESS", 0),
    }


def _counts(figures: pa.Table) -> Mapping[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(figures["VERDICT"]).to_pylist()}


def _outcome(series: Series, computed: Computed | None) -> str:
    if series.made_from != "microdata":
        return "NOT_MICRODATA"
    if computed is None:
        return "VARIABLE_MISSING"
    if not computed.contributors:
        return "UNIVERSE_EMPTY"
    figures = computed.figures
    shown = pc.is_in(figures["VERDICT"], pa.array(["PUBLISH", "CAUTION"]))
    values = pc.and_(shown, pc.equal(figures["FIGURE"], "VALUE"))
    if series.breakdowns == ("total",):
        return "COMPUTED" if pc.any(values).as_py() else "TOO_FEW"
    of_migrants = pc.is_in(figures["MIG_STATUS"], pa.array(_MIGRANTS))
    if not pc.any(pc.not_equal(figures["MIG_STATUS"], "_T")).as_py():
        return "NO_STATUS"
    return "COMPUTED" if pc.any(pc.and_(values, of_migrants)).as_py() else "TOO_FEW"


def _explained(outcome: str, series: Series, missing: Sequence[str]) -> str:
    if outcome == "VARIABLE_MISSING":
        return f"The file has no {', '.join(missing)}: say under `variables` where it comes from."
    if outcome == "NOT_MICRODATA" and series.function is not None:
        return f"Made from aggregates: {series.function}."
    if outcome == "NOT_MICRODATA":
        return "Reported by institutions, not computed from records."
    return _WORDS[outcome]
