"""The sections of a linkage's quality report: the whole, gaps, each breakdown, bias, how to read it."""

from __future__ import annotations

from sojourn.dissemination.linkage_figures import LinkageFigures, Row, bar
from sojourn.dissemination.quality_layout import Head, PageTable, Section
from sojourn.dissemination.quality_layout import Row as PageRow
from sojourn.dissemination.quality_measures import DASH

__all__ = ["bias", "gaps", "glance", "groups", "reading"]

# A page is for reading; the files have all rows.
GROUPS, SENTENCES, DIFFERENCES = 30, 40, 20
IN_ORDER = ("age_group", "birth_decade")


def glance(found: LinkageFigures) -> Section:
    """All keys of each source towards each other."""
    words = found.words
    rows = [PageRow(found.towards(row), _cells(found, row)) for row in found.rows("all")]
    table = PageTable(
        words("linkage.glance.caption"), [_text(words("linkage.head.sources")), *_heads(found)], rows
    )
    return Section("glance", words("linkage.glance"), [words("linkage.glance.text")], tables=[table])


def _text(text: str) -> Head:
    return Head(text, is_number=False)


def _heads(found: LinkageFigures) -> list[Head]:
    names = ("keys", "linked", "links", "false", "missed", "precision", "recall")
    return [Head(found.words(f"linkage.head.{name}")) for name in names]


def _cells(found: LinkageFigures, row: Row) -> list[str]:
    number = found.words.number
    return [
        number(row["all_keys"]),
        found.per_cent(row["linked_share"]),
        number(row["links"]),
        number(row["expected_false"], 1),
        number(row["expected_missed"], 1),
        found.interval(row, "precision"),
        found.interval(row, "recall"),
    ]


def gaps(found: LinkageFigures) -> Section:
    """A sentence for each group that is worse off than the others by more than chance."""
    words = found.words
    worse = [row for row in found.gaps if row["is_gap"] and row["difference"] < 0]
    worse.sort(key=lambda row: (row["difference"], row["source"], row["breakdown"], row["category"]))
    texts = [words("linkage.gaps.text")]
    if not worse:
        return Section("gaps", words("linkage.gaps"), [*texts, words("linkage.gaps.none")])
    texts += [_sentence(found, row) for row in worse[:SENTENCES]]
    if len(worse) > SENTENCES:
        texts.append(words("linkage.gaps.more", count=words.number(len(worse) - SENTENCES)))
    return Section("gaps", words("linkage.gaps"), texts)


def _sentence(found: LinkageFigures, row: Row) -> str:
    words = found.words
    group = words(
        "linkage.group",
        breakdown=words(f"linkage.breakdown.{row['breakdown']}"),
        category=words.isolated(found.name(row["breakdown"], row["category"])),
    )
    return words(
        f"linkage.gap.{row['measure']}",
        sources=found.towards(row),
        group=group,
        keys=words.number(row["all_keys"]),
        value=found.per_cent(row["value"]),
        others=found.per_cent(row["value_of_others"]),
        points=words.number(-100 * row["difference"], 1),
    )


def groups(found: LinkageFigures) -> list[Section]:
    """A section for each breakdown, with a table for each source towards each other."""
    return [_groups(found, breakdown) for breakdown in found.breakdowns]


def _groups(found: LinkageFigures, breakdown: str) -> Section:
    words = found.words
    title = words(f"linkage.breakdown.{breakdown}")
    heads = [_text(title), *_heads(found), _text(words("linkage.head.bar"))]
    tables = []
    for direction in found.directions:
        rows = found.rows(breakdown, direction)
        shown = sorted(rows, key=lambda row: (-row["all_keys"], row["category"]))[:GROUPS]
        if breakdown in IN_ORDER:
            shown.sort(key=lambda row: rows.index(row))
        towards = found.towards({"source": direction[0], "other_source": direction[1]})
        caption = words("linkage.group", breakdown=title, category=towards)
        if len(shown) < len(rows):
            more = words("quality.shown", shown=words.number(len(shown)), all=words.number(len(rows)))
            caption = f"{caption} ({more})"
        tables.append(PageTable(caption, heads, _drawn(found, shown)))
    return Section(f"by-{breakdown}", title, tables=tables)


def _drawn(found: LinkageFigures, rows: list[Row]) -> list[PageRow]:
    # Small groups, whose shares may be anything, do not set the scale.
    judged = [row for row in rows if row["recall"] is not None and not row["is_small"]]
    most = max((1 - row["recall_lower"] for row in judged), default=0.0)
    drawn = []
    for row in rows:
        name = found.name(row["breakdown"], row["category"])
        small = f" ({found.words('linkage.small')})" if row["is_small"] else ""
        drawn.append(PageRow(f"{name}{small}", [*_cells(found, row), _missed(row, most)]))
    return drawn


def _missed(row: Row, most: float) -> str:
    if row["recall"] is None:
        return ""
    return bar(1 - row["recall"], 1 - row["recall_upper"], 1 - row["recall_lower"], most)


def bias(found: LinkageFigures) -> Section:
    """How alike linked keys are to all, and which groups stand for too little or too much among them."""
    words = found.words
    number = words.number
    alike = [
        PageRow(
            f"{found.towards(row)} · {words('linkage.breakdown.' + row['breakdown'])}",
            [
                found.per_cent(row["linked_share"]),
                number(row["r_indicator"], 3),
                number(row["r_adjusted"], 3),
                DASH if row["largest_bias"] is None else number(row["largest_bias"], 3),
            ],
        )
        for row in sorted(found.representativity, key=lambda row: row["r_adjusted"])
    ]
    names = ("linked", "r", "r_adjusted", "largest_bias")
    heads = [_text(words("linkage.head.by")), *(Head(words(f"linkage.head.{name}")) for name in names)]
    tables = [PageTable(words("linkage.bias.alike"), heads, alike), _differences(found)]
    return Section("bias", words("linkage.bias"), [words("linkage.bias.text")], tables=tables)


def _differences(found: LinkageFigures) -> PageTable:
    words = found.words
    known = [
        row
        for row in found.quality
        if row["breakdown"] != "all" and row["standardised_difference"] is not None and not row["is_small"]
    ]
    known.sort(key=lambda row: (-abs(row["standardised_difference"]), row["source"], row["category"]))
    rows = [
        PageRow(
            f"{found.towards(row)} · {words('linkage.breakdown.' + row['breakdown'])}:"
            f" {found.name(row['breakdown'], row['category'])}",
            [
                found.per_cent(row["share_of_keys"]),
                found.per_cent(row["share_of_linked"]),
                words.number(row["standardised_difference"], 3),
            ],
        )
        for row in known[:DIFFERENCES]
    ]
    names = ("share_of_keys", "share_of_linked", "standardised")
    heads = [_text(words("linkage.head.group")), *(Head(words(f"linkage.head.{name}")) for name in names)]
    return PageTable(words("linkage.bias.differences"), heads, rows)


def reading(found: LinkageFigures) -> Section:
    """What the figures mean, and what they do not know."""
    words = found.words
    texts = [words(f"linkage.reading.{name}") for name in ("estimates", "limits", "rates")]
    return Section("reading", words("linkage.reading"), texts)
