"""The sections of the quality report of border crossings: what stands in which table, and what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sojourn.dissemination.charts import Chart
from sojourn.dissemination.quality_charts import Line, bars_of_shares, lines_of_shares
from sojourn.dissemination.quality_layout import Drawing, Head, PageTable, Row, Section
from sojourn.dissemination.quality_measures import DASH, Measures

__all__ = ["at_a_glance", "balance", "partners", "stock", "unresolved"]

WHOLE = (
    "usable", "matched", "alone", "duplicates", "direction-violations", "unmatched-arrivals",
    "unmatched-departures", "sex-conflicts", "birth-year-conflicts", "initial-state-inferred",
    "initial-state-from-anchor", "initial-state-unknown", "unresolved", "present-over-110",
    "unknown-citizenship", "unknown-birth-year", "unknown-sex", "unknown-border-point",
    "permits-without-arrival", "permits-without-crossing",
)  # fmt: skip
# A page is for reading; the files have all rows.
MONTHS, POINTS, CITIZENSHIPS, POINT_MONTHS = 36, 25, 25, 15
_PARTNERS = ("usable", "matched", "duplicates", "direction-violations", "unresolved")
_PARTNERS_BY = {"month": MONTHS, "direction": 3, "border_point": POINTS, "citizenship": CITIZENSHIPS}


def at_a_glance(found: Measures) -> Section:
    """All measures of the whole with their verdicts."""
    words = found.words
    rows = []
    for name in WHOLE:
        row = found.row(name)
        target = None if row is None else row["target"]
        rows.append(
            Row(
                words(f"quality.measure.{name}"),
                [
                    found.per_cent(name, decimals=2),
                    DASH if target is None else f"< {words.number(100 * target, 1)}",
                    found.verdict(name),
                    found.count(name),
                    found.count(name, of="denominator"),
                ],
                about=words(f"quality.about.{name}"),
                mark=str(row["verdict"]) if row else "",
            )
        )
    heads = [
        Head(words("quality.head.measure"), is_number=False),
        Head(words("quality.head.share")),
        Head(words("quality.head.target")),
        Head(words("quality.head.verdict"), is_number=False),
        Head(words("quality.head.numerator")),
        Head(words("quality.head.denominator")),
    ]
    title = words("quality.glance")
    return Section("glance", title, tables=[PageTable(words("quality.glance.caption"), heads, rows)])


def partners(found: Measures) -> Section:
    """Which crossings could be used and have a partner: by month, direction, border point and citizenship."""
    words = found.words
    months = [it for it in found.categories("matched", "month") if it != "_U"]
    tables = []
    for breakdown, most in _PARTNERS_BY.items():
        names = found.categories("matched", breakdown)
        shown = names[-most:] if breakdown == "month" else found.largest("matched", breakdown, most)
        rows = [
            Row(
                found.name(breakdown, name),
                [
                    found.count("usable", breakdown, name, of="denominator"),
                    *(found.per_cent(measure, breakdown, name) for measure in _PARTNERS),
                ],
            )
            for name in shown
        ]
        heads = [
            Head(words(f"quality.head.{breakdown}"), is_number=False),
            Head(words("quality.head.records")),
            *(Head(words(f"quality.short.{measure}")) for measure in _PARTNERS),
        ]
        caption = _caption(found, f"quality.partners.{breakdown}", len(shown), len(names))
        tables.append(PageTable(caption, heads, rows))
    drawing = Drawing(words("quality.partners.picture"), partial(_partners_drawing, found, months))
    texts = [words("quality.partners.text")]
    return Section("partners", words("quality.partners"), texts, [drawing] if len(months) > 1 else [], tables)


def _partners_drawing(found: Measures, months: Sequence[str], is_narrow: bool) -> Chart:
    words = found.words
    matched = [found.share("matched", "month", month) for month in months]
    target = (found.row("direction-violations") or {}).get("target")
    lines = [
        Line(words("quality.line.unmatched"), [None if share is None else 1 - share for share in matched]),
        Line(
            words("quality.short.direction-violations"),
            [found.share("direction-violations", "month", month) for month in months],
            target,
        ),
        Line(
            words("quality.short.duplicates"), [found.share("duplicates", "month", month) for month in months]
        ),
    ]
    title = words("quality.partners.picture")
    return lines_of_shares(
        months, lines, words, title=title, summary=words("quality.table_below"), is_narrow=is_narrow
    )


def _caption(found: Measures, key: str, shown: int, of: int) -> str:
    caption = found.words(key)
    if shown == of:
        return caption
    more = found.words("quality.shown", shown=found.words.number(shown), all=found.words.number(of))
    return f"{caption} ({more})"


def balance(found: Measures) -> Section | None:
    """Arrivals without a departure beside departures without an arrival, by border point and month."""
    words = found.words
    points = found.largest("unmatched-arrivals", "border_point", POINTS)
    if not points or found.row("unknown-border-point") is None or found.share("unknown-border-point") is None:
        return None
    rows = [
        Row(found.name("border_point", point), _balance_cells(found, ("border_point", point)))
        for point in points
    ]
    heads = [Head(words(f"quality.balance.{name}")) for name in ("arrivals", "departures", "difference")]
    of_points = len(found.categories("unmatched-arrivals", "border_point"))
    first = PageTable(
        _caption(found, "quality.balance.points", len(points), of_points),
        [Head(words("quality.head.border_point"), is_number=False), *heads],
        rows,
    )
    pairs = dict.fromkeys(
        [
            *found.subcategories("unmatched-arrivals", "border_point,month"),
            *found.subcategories("unmatched-departures", "border_point,month"),
        ]
    )
    worst = sorted(
        pairs, key=lambda pair: (-abs(_difference(found, ("border_point,month", *pair)) or 0), pair)
    )
    seen = [pair for pair in worst if _difference(found, ("border_point,month", *pair))][:POINT_MONTHS]
    second = PageTable(
        _caption(found, "quality.balance.months", len(seen), len(pairs)),
        [Head(words("quality.head.point_month"), is_number=False), *heads],
        [
            Row(
                f"{found.name('border_point', point)} · {found.name('month', month)}",
                _balance_cells(found, ("border_point,month", point, month)),
            )
            for point, month in seen
        ],
    )
    tables = [first, second] if seen else [first]
    return Section("balance", words("quality.balance"), [words("quality.balance.text")], tables=tables)


def _difference(found: Measures, key: tuple[str, ...]) -> int | None:
    """Unmatched arrivals less unmatched departures; None where one of them is not shown."""
    counts = []
    for measure in ("unmatched-arrivals", "unmatched-departures"):
        row = found.row(measure, *key)
        if row is not None and row["numerator"] is None:
            return None
        counts.append(0 if row is None else row["numerator"])
    return int(counts[0] - counts[1])


def _balance_cells(found: Measures, key: tuple[str, ...]) -> list[str]:
    difference = _difference(found, key)
    return [
        found.count("unmatched-arrivals", *key),
        found.count("unmatched-departures", *key),
        found.few if difference is None else found.words.number(difference),
    ]


def unresolved(found: Measures) -> Section:
    """Which share of crossings is unresolved, by full months since the crossing."""
    words = found.words
    ages = [age for age in found.categories("unresolved", "age") if age != "_U"]
    names = [f"{int(age)}+" if age == "24" else str(int(age)) for age in ages]
    rows = [
        Row(
            name,
            [
                found.count("unresolved", "age", age, of="denominator"),
                found.count("unresolved", "age", age),
                found.per_cent("unresolved", "age", age),
            ],
        )
        for age, name in zip(ages, names, strict=True)
    ]
    heads = [
        Head(words("quality.head.age"), is_number=False),
        Head(words("quality.head.crossings")),
        Head(words("quality.head.unresolved")),
        Head(words("quality.head.share")),
    ]
    caption = words("quality.unresolved.caption")

    def draw(is_narrow: bool) -> Chart:
        shares = [found.share("unresolved", "age", age) for age in ages]
        return bars_of_shares(
            names, shares, words, title=caption, summary=words("quality.table_below"), is_narrow=is_narrow
        )

    drawings = [Drawing(words("quality.unresolved.picture"), draw)] if ages else []
    texts = [words("quality.unresolved.text")]
    table = PageTable(caption, heads, rows)
    return Section("unresolved", words("quality.unresolved"), texts, drawings, [table])


def stock(found: Measures) -> Section | None:
    """Who is here and who lives here by the crossings, by citizenship, beside the population."""
    words = found.words
    if found.share("unknown-citizenship") is None:
        return None
    names = found.largest("present", "citizenship", CITIZENSHIPS)
    has_population = bool(found.categories("resident-of-population", "citizenship"))
    columns = [("present", "numerator"), ("resident", "numerator"), ("residence-unresolved", "numerator")]
    if has_population:
        columns.append(("resident-of-population", "denominator"))
    rows = [
        Row(
            found.name("citizenship", name),
            [
                *(found.count(measure, "citizenship", name, of=of) for measure, of in columns),
                *([found.per_cent("resident-of-population", "citizenship", name)] if has_population else []),
            ],
        )
        for name in names
    ]
    keys = ["present", "resident", "undecided", *(["population", "coverage"] if has_population else [])]
    heads = [
        Head(words("quality.head.citizenship"), is_number=False),
        *(Head(words(f"quality.stock.{key}")) for key in keys),
    ]
    caption = _caption(
        found, "quality.stock.caption", len(names), len(found.categories("present", "citizenship"))
    )
    texts = [words("quality.stock.text")]
    if not has_population:
        texts.append(words("quality.stock.no_population"))
    return Section("stock", words("quality.stock"), texts, tables=[PageTable(caption, heads, rows)])
