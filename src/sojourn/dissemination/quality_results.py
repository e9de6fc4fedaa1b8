"""Sections of the quality report about results: intention against outcome, permits, and other rules."""

from __future__ import annotations

from functools import partial

from sojourn.dissemination.charts import Chart
from sojourn.dissemination.quality_charts import MatrixCell, matrix_chart
from sojourn.dissemination.quality_layout import Drawing, Head, PageTable, Row, Section
from sojourn.dissemination.quality_measures import DASH, Measures

__all__ = ["intention", "permits", "sensitivity"]

_OUTCOMES = ("outcome-migration", "outcome-no-migration", "outcome-unresolved")
_INTENTIONS = ("0", "90", "long", "_U")
_TREATMENTS = ("bounds", "earliest", "midpoint", "latest", "exclude")
_BASE = ("12/16", "bounds")
_BOTH = "direction,intention"


def intention(found: Measures, days_present: int) -> Section:
    """What travellers intended against what came of it, for arrivals and departures."""
    words = found.words
    title = words("quality.intention")
    pairs = found.subcategories("outcome-migration", _BOTH)
    if not any(band != "_U" for _, band in pairs):
        return Section("intention", title, [words("quality.intention.none")])
    tables, drawings = [], []
    for direction in ("arrival", "departure"):
        bands = [band for band in _INTENTIONS if (direction, band) in pairs]
        if not bands:
            continue
        caption = words(f"quality.intention.{direction}")
        rows = [
            Row(
                _band(found, band, days_present),
                [
                    found.count("outcome-migration", _BOTH, direction, band, of="denominator"),
                    *(
                        text
                        for outcome in _OUTCOMES
                        for text in (
                            found.count(outcome, _BOTH, direction, band),
                            found.per_cent(outcome, _BOTH, direction, band),
                        )
                    ),
                ],
            )
            for band in bands
        ]
        heads = [
            Head(words("quality.head.intention"), is_number=False),
            Head(words("quality.head.crossings")),
        ]
        for outcome in _OUTCOMES:
            heads += [Head(words(f"quality.{outcome}")), Head(words("quality.head.per_cent"))]
        tables.append(PageTable(caption, heads, rows))
        drawings.append(Drawing(caption, partial(_matrix, found, direction, bands, days_present)))
    return Section("intention", title, [words("quality.intention.text")], drawings, tables)


def _band(found: Measures, band: str, days_present: int) -> str:
    words = found.words
    until = words.number(days_present - 1)
    return words(f"quality.band.{band}", until=until, days=words.number(days_present))


def _matrix(found: Measures, direction: str, bands: list[str], days_present: int, is_narrow: bool) -> Chart:
    words = found.words
    cells = []
    for band in bands:
        for outcome in _OUTCOMES:
            row = found.row(outcome, _BOTH, direction, band) or {}
            name = words(f"quality.{outcome}")
            cells.append(
                MatrixCell(
                    _band(found, band, days_present), name, row.get("numerator"), row.get("share"), found.few
                )
            )
    title = words(f"quality.intention.{direction}")
    return matrix_chart(cells, words, title=title, summary=words("quality.table_below"), is_narrow=is_narrow)


def sensitivity(found: Measures) -> Section:
    """Totals under other rules and other treatments of missing movements."""
    words = found.words
    title = words("quality.sensitivity")
    rules = found.categories("immigrations", "rule,missing")
    if not rules:
        return Section("sensitivity", title, [words("quality.sensitivity.too_short")])
    rows = []
    for rule in sorted(rules, key=lambda name: -_months(name)):
        for treatment in _TREATMENTS:
            key = ("rule,missing", rule, treatment)
            net = _net(found, key)
            base = _net(found, ("rule,missing", *_BASE))
            cells = [
                found.count("immigrations", *key),
                found.count("emigrations", *key),
                found.few if net is None else words.number(net),
                DASH if net is None or base is None else _signed(found, net - base),
                found.count("undecided", *key),
            ]
            name = words(
                "quality.rule_and_treatment", rule=rule, treatment=words(f"quality.missing.{treatment}")
            )
            rows.append(Row(name, cells))
    heads = [Head(words("quality.head.rule"), is_number=False)]
    heads += [
        Head(words(f"quality.head.{name}"))
        for name in ("immigration", "emigration", "net", "net_change", "undecided")
    ]
    table = PageTable(words("quality.sensitivity.caption"), heads, rows)
    return Section("sensitivity", title, [words("quality.sensitivity.text")], tables=[table])


def _months(rule: str) -> float:
    return float(rule.partition("/")[0])


def _net(found: Measures, key: tuple[str, ...]) -> int | None:
    """Immigration less emigration; None where one of them is not shown."""
    arrived, left = found.row("immigrations", *key), found.row("emigrations", *key)
    if arrived is None or left is None or arrived["numerator"] is None or left["numerator"] is None:
        return None
    return int(arrived["numerator"] - left["numerator"])


def _signed(found: Measures, number: int) -> str:
    return f"+{found.words.number(number)}" if number > 0 else found.words.number(number)


def permits(found: Measures) -> Section | None:
    """Permits after which nobody arrived, by category."""
    words = found.words
    names = found.largest("permits-without-crossing", "category", 30)
    if not names:
        return None
    rows = [Row(found.name("category", name), _permit_cells(found, name)) for name in names]
    heads = [Head(words("quality.head.category"), is_number=False)]
    heads += [
        Head(words(f"quality.head.{name}"))
        for name in ("permits", "no_crossing", "elsewhere", "no_arrival", "share")
    ]
    table = PageTable(words("quality.permits.caption"), heads, rows)
    return Section("permits", words("quality.permits"), [words("quality.permits.text")], tables=[table])


def _permit_cells(found: Measures, name: str) -> list[str]:
    crossing, arrival = ((f"permits-without-{what}", "category", name) for what in ("crossing", "arrival"))
    return [
        found.count(*crossing, of="denominator"),
        found.count(*crossing),
        found.count(*arrival, of="denominator"),
        found.count(*arrival),
        found.per_cent(*arrival),
    ]
