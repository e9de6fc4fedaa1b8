"""Indicators, tables and releases held against what they are made from."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sojourn.concepts import framework
from sojourn.contracts.aggregates import PublishedFigure
from sojourn.contracts.table import Table
from sojourn.errors import Problem, ProjectError
from sojourn.project.contracts import COUNTED, GIVEN_BY_US, contract_of, sources_behind
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.dimensions import dimensions_of
from sojourn.project.load import Place, Reading
from sojourn.project.references import near, refers, unknown_codes, wrong_rule
from sojourn.project.spine_declarations import SpineSettings
from sojourn.project.table_declarations import Indicator, TableDeclaration

__all__ = ["indicator_problems", "release_problems", "table_problems"]

# Statistics of a column of numbers.
_OF = (
    "mean",
    "value",
    "total",
    "ratio",
    "quantile",
    "gini",
    "quintile_share_ratio",
    "poverty_rate",
    "poverty_gap",
)


def indicator_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with the declared indicators."""
    for identifier, indicator in reading.found["indicators"].items():
        place = reading.place("indicators", identifier)
        sources = reading.found["sources"]
        if indicator.source is not None:
            yield from refers(place, reading, "source", indicator.source, "sources")
        else:
            spine = reading.settings.spine if reading.settings is not None else SpineSettings()
            present = {source.gives for source in sources_behind(indicator, sources, spine)}
            named = " named under `spine`" if indicator.counts == "migratory_status" else ""
            for given in COUNTED[indicator.counts or ""][1]:
                if given not in present:
                    yield place.problem(
                        f"counts is {indicator.counts!r}, and no source{named} gives {given}.",
                        f"Declare a source with `gives: {given}`{named and ', and name it there'}.",
                        "counts",
                    )
        contract = contract_of(indicator, sources)
        if contract is not None:
            yield from _indicator(indicator, contract, sources.get(indicator.source or ""), place)
        if indicator.counts in ("migration_event", "resident") and indicator.framework is None:
            yield place.problem(
                f"an indicator of {indicator.counts} needs `framework:`: it decides when figures are final.",
                "Write 1998, 2021-06, 2021-12 or national.",
                "counts",
            )
        if indicator.framework is not None:
            try:
                framework(indicator.framework)
            except ProjectError as error:
                (problem,) = error.problems
                yield place.problem(problem.message, problem.remedy, "framework")


def _indicator(
    indicator: Indicator, contract: type[Table], source: SourceDeclaration | None, place: Place
) -> Iterator[Problem]:
    measures = set(source.measures) if source is not None else set()
    columns = (set(contract.columns) - GIVEN_BY_US) | measures
    for key, rule in (("where", indicator.where), ("when", indicator.when)):
        if rule is not None:
            yield from wrong_rule(rule, columns, place, key)
            yield from unknown_codes(rule, contract, place, key)
    if indicator.statistic == "value" and contract is not PublishedFigure:
        yield place.problem(
            f"figures of {contract.__name__} cannot be published as they are.",
            "Use count, share or mean; `value` is for figures that another body has published.",
            "statistic",
        )
    has_design = source is not None and source.design is not None
    if indicator.statistic not in ("count", "share", "mean", "value") and not has_design:
        yield place.problem(
            f"a {indicator.statistic} is made of a source with a design, and there is none.",
            "Declare `design:` in the source; of a census or register `variance: none`.",
            "statistic",
        )
    for key, name in (("of", indicator.of), ("over", indicator.over)):
        declared = contract.columns.get(name or "")
        is_number = name in measures or (declared is not None and declared.python_type in (int, float))
        is_needed = indicator.statistic in (_OF if key == "of" else ("ratio",))
        if is_needed and not is_number:
            yield place.problem(
                f"a {indicator.statistic} needs `{key}:`, a column of numbers.",
                near(name or "", columns),
                key if name else "statistic",
            )
    if has_design and indicator.statistic != "value":
        yield from _measure(indicator, place)
    if indicator.time not in columns or contract.columns[indicator.time].python_type not in (
        datetime.date,
        str,
    ):
        days = [name for name in contract.columns if contract.columns[name].python_type is datetime.date]
        yield place.problem(
            f"time is {indicator.time!r}, which is not a day of {contract.__name__}.",
            near(
                indicator.time,
                days,
                f"Write `time:` with the day that decides the period: {', '.join(days)}.",
            ),
            "time",
        )


def _measure(indicator: Indicator, place: Place) -> Iterator[Problem]:
    """What does not fit together in the measure of a survey."""
    needs = {"over": ("ratio",), "when": ("proportion",), "at": ("quantile",)}
    for key, owners in needs.items():
        if (getattr(indicator, key) is not None) != (indicator.statistic in owners):
            yield place.problem(
                f"a {indicator.statistic} and `{key}:` do not fit together.",
                f"`{key}:` belongs to {owners[0]}.",
                key if getattr(indicator, key) is not None else "statistic",
            )
    lines = (indicator.line is not None) + (indicator.line_share is not None)
    if lines != (1 if indicator.statistic in ("poverty_rate", "poverty_gap") else 0):
        yield place.problem(
            f"a {indicator.statistic} has {lines} poverty lines.",
            "A poverty_rate or poverty_gap has one: `line:`, or `line_share:` of the median.",
            "statistic",
        )


def table_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with the declared tables."""
    for identifier, table in reading.found["tables"].items():
        place = reading.place("tables", identifier)
        yield from refers(place, reading, "indicator", table.indicator, "indicators")
        indicator = reading.found["indicators"].get(table.indicator)
        contract = contract_of(indicator, reading.found["sources"]) if indicator is not None else None
        if contract is not None:
            yield from _breakdown(table, contract, place)
        if (
            table.protect.none_because is not None
            and indicator is not None
            and indicator.statistic != "value"
        ):
            yield place.problem(
                "a table of records cannot go without protection.",
                "Leave out none_because; it is for figures that another body has published.",
                "protect",
                "none_because",
            )
        if table.protect.method == "cell_keys":
            yield from _cell_keys(table, indicator, reading, place)
        if table.net:
            yield from _net(table, indicator, place)
        if table.gap is not None and contract is not None:
            yield from _gap(table, contract, indicator, reading, place)
        if table.release is not None:
            try:
                datetime.date.fromisoformat(f"2024-{table.release.on}")
            except ValueError:
                yield place.problem(
                    f"on is {table.release.on!r}, which is no day of the year.",
                    "Write month and day, as in 06-15.",
                    "release",
                    "on",
                )


def _cell_keys(
    table: TableDeclaration, indicator: Indicator | None, reading: Reading, place: Place
) -> Iterator[Problem]:
    """What stands against perturbing a table's figures."""
    if indicator is None:
        return
    source = reading.found["sources"].get(indicator.source or "")
    if indicator.statistic not in ("count", "share", "mean"):
        why = f"a {indicator.statistic} cannot be perturbed by cell keys."
    elif source is not None and source.design is not None:
        why = "figures of a source with a design are not perturbed by cell keys."
    elif table.gap is not None:
        why = "a gap is not perturbed by cell keys."
    else:
        return
    yield place.problem(why, "Leave out `method:`; figures of few are then withheld.", "protect", "method")


def _net(table: TableDeclaration, indicator: Indicator | None, place: Place) -> Iterator[Problem]:
    is_count = indicator is not None and indicator.statistic == "count"
    if "direction" not in table.by or not is_count:
        yield place.problem(
            "net is asked for, and the table is no count by direction.",
            "Add direction to `by:`, or leave out `net:`.",
            "net",
        )
    elif indicator is not None and indicator.where is not None and "direction" in indicator.where:
        yield place.problem(
            f"net is asked for, and the condition of {indicator.id} is about direction.",
            "Take an indicator that counts both directions, or leave out `net:`.",
            "net",
        )


def _gap(
    table: TableDeclaration,
    contract: type[Table],
    indicator: Indicator | None,
    reading: Reading,
    place: Place,
) -> Iterator[Problem]:
    dimension = (table.gap or "").split(":")[0]
    if dimension not in dimensions_of(contract) or dimension in table.by:
        yield place.problem(
            f"the gap is between codes of {dimension}, which is no dimension, or one of `by:`.",
            "Name a dimension of the records that is not in `by:`.",
            "gap",
        )
    source = reading.found["sources"].get(indicator.source or "") if indicator is not None else None
    if source is None or source.design is None:
        yield place.problem("a gap is of a source with a design.", "Declare `design:` in the source.", "gap")


def _breakdown(table: TableDeclaration, contract: type[Table], place: Place) -> Iterator[Problem]:
    known = dimensions_of(contract)
    for index, name in enumerate(table.by):
        if name not in known:
            yield place.problem(
                f"{name} is not a dimension of {contract.__name__}.", near(name, known), "by", index
            )
        elif name in table.by[:index]:
            yield place.problem(f"{name} is named twice.", "", "by", index)
    for name in table.headline:
        if name not in table.by:
            yield place.problem(
                f"{name} is not among the table's dimensions.", near(name, table.by), "headline", name
            )
    for index, name in enumerate(table.within):
        if name not in table.by:
            yield place.problem(
                f"{name} is not among the table's dimensions.", near(name, table.by), "within", index
            )


def release_problems(reading: Reading) -> Iterator[Problem]:
    """What is wrong with the declared releases."""
    for identifier, release in reading.found["releases"].items():
        place = reading.place("releases", identifier)
        for index, name in enumerate(release.tables):
            yield from refers(place, reading, "tables", name, "tables", "tables", index)
