"""Pictures of crossings: a history, revised flows, a matrix; unresolved is hatched, provisional hollow."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import date

import pyarrow as pa
import pytest

from sojourn.dissemination.charts import svg_of
from sojourn.dissemination.patterns import HATCHED
from sojourn.dissemination.quality_charts import Line, MatrixCell, lines_of_shares, matrix_chart
from sojourn.dissemination.revisions import published_months, revision_chart
from sojourn.dissemination.travel_history import MOST_CROSSINGS, HistoryCrossing, history_chart
from sojourn.dissemination.wording import wording

EN, AR = wording("en"), wording("ar")
OBSERVED = (date(2010, 1, 1), date(2017, 6, 30))
HISTORY = [
    HistoryCrossing(date(2012, 5, 1), True, False, True, True, date(2013, 5, 20)),
    HistoryCrossing(date(2012, 6, 1), False, True, True, False, date(2012, 6, 1)),
    HistoryCrossing(date(2012, 6, 20), True, True, True, False, date(2012, 6, 20)),
    HistoryCrossing(date(2014, 6, 20), True, True, None, None, None),
]


def drawn(history=HISTORY, words=EN, **settings):
    return history_chart(history, observed=OBSERVED, words=words, **settings)


def spans(chart, fill):
    """The bars of a fill as days, thinner lanes and legend left out."""
    bars = [
        it for it in chart.specification["layer"] if it["mark"].get("fill") == fill and "x2" in it["encoding"]
    ]
    days = [row for bar in bars if bar["mark"]["type"] == "bar" for row in bar["data"]["values"]]
    epoch = date(1970, 1, 1).toordinal()
    return [
        tuple(date.fromordinal(epoch + row[end] // 86_400_000) for end in ("since", "until")) for row in days
    ]


def test_what_is_unknown_or_unresolved_is_hatched_and_nothing_else():
    # Between two arrivals nobody knows where the person was, and after the second where they lived.
    assert spans(drawn(), HATCHED) == [
        (date(2012, 6, 20), date(2014, 6, 20)),
        (date(2014, 6, 20), date(2015, 12, 22)),
    ]
    assert spans(drawn(HISTORY[:3]), HATCHED) == []


def test_a_finished_picture_has_a_hatching_and_words_for_those_who_do_not_see_it():
    svg = svg_of(drawn(), EN).decode()
    ElementTree.fromstring(svg)
    assert HATCHED not in svg
    assert svg.count('fill="url(#hatch)"') == 3  # twice in the lanes, once in the legend
    description = re.search(r"<desc[^>]*>(.*?)</desc>", svg)
    assert description is not None
    assert "4 crossings from May 1, 2012 to June 20, 2014" in description[1]
    assert (
        "The arrival on May 1, 2012 changed residence, which was certain on May 20, 2013." in description[1]
    )
    assert "1 crossing is not resolved." in description[1]


def test_arrivals_point_down_and_departures_up():
    shapes = {
        it["mark"]["shape"]: len(it["data"]["values"])
        for it in drawn().specification["layer"][:8]
        if it["mark"]["type"] == "point"
    }
    assert shapes == {"triangle-down": 3, "triangle-up": 1}


def test_time_runs_from_right_to_left_for_those_who_read_so():
    def is_reversed(words):
        layers = drawn(words=words).specification["layer"]
        return next(
            it["encoding"]["x"]["scale"]["reverse"] for it in layers if "field" in it["encoding"]["x"]
        )

    assert (is_reversed(EN), is_reversed(AR)) == (False, True)


def test_of_a_long_history_the_last_crossings_are_drawn_and_it_is_told():
    long = [
        HistoryCrossing(date(2012, 1, 1 + place % 28), place % 2 == 0, True, True, False, date(2012, 2, 1))
        for place in range(MOST_CROSSINGS + 5)
    ]
    chart = drawn(long)
    assert (chart.shown, chart.of) == (MOST_CROSSINGS, MOST_CROSSINGS + 5)


def test_a_history_without_crossings_is_refused():
    with pytest.raises(ValueError, match="without crossings"):
        drawn([])


def test_drawings_of_one_page_have_identifiers_of_their_own():
    first, second = (svg_of(drawn(), EN, name=name).decode() for name in ("a", "b"))
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (first, second)]
    assert len(ids[0]) > 2
    assert ids[0] & ids[1] == set()
    for svg, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= own


VINTAGES = pa.table(
    {
        "flow": ["immigration"] * 4,
        "time_period": ["2024-01", "2024-01", "2024-01", "2024-02"],
        "vintage": ["2024-03", "2024-09", "2025-06", "2025-06"],
        "value": [100.0, 130.0, 120.0, 80.0],
        "lower": [80.0, 110.0, 120.0, 60.0],
        "upper": [120.0, 150.0, 120.0, 100.0],
    }
)


def test_a_month_has_its_first_least_most_and_latest_value():
    january, february = published_months(VINTAGES)
    assert (january.first, january.least, january.most, january.latest) == (100, 100, 130, 120)
    assert (january.lower, january.is_final) == (None, True)  # no interval is left
    assert (february.lower, february.upper, february.is_final) == (60, 100, False)


def test_what_is_final_is_said_and_its_newest_value_has_no_interval():
    table = pa.table(
        {
            "time_period": ["2024-01", "2024-01", "2024-02", "2024-03"],
            "vintage": ["2024-03", "2024-06", "2024-06", "2024-06"],
            "value": [5.0, 6.0, 4.0, None],
            "lower": [3.0, 5.0, 2.0, None],
            "upper": [7.0, 7.0, 6.0, None],
            "latest": [6.5, 6.5, 4.0, None],
            "is_final": [True, True, False, False],
        }
    )
    january, february = published_months(table)  # of March nothing is known
    assert (january.flow, january.first, january.latest, january.most) == ("net", 5.0, 6.5, 6.5)
    assert (january.lower, january.is_final) == (None, True)
    assert (february.lower, february.upper, february.is_final) == (2.0, 6.0, False)


def test_provisional_values_are_hollow_and_lie_on_grey_ground():
    chart = revision_chart(published_months(VINTAGES), EN)
    layers = chart.specification["vconcat"][0]["layer"]
    hollow = [it for it in layers if it["mark"].get("fill") == chart.specification["background"]]
    assert [row["month"] for it in hollow for row in it["data"]["values"]] == ["2024-02"]
    assert [row["month"] for row in layers[0]["data"]["values"]] == ["2024-02"]
    # |120 - 100| and |80 - 80|: ten on average.
    assert "1 value is provisional." in chart.summary
    assert "by 10." in chart.summary
    ElementTree.fromstring(svg_of(chart, EN))


def test_a_matrix_shows_counts_and_shares_and_what_stands_instead():
    cells = [MatrixCell("Long", "Migration", 1234, 0.75), MatrixCell("Long", "None", None, None, "< 10")]
    svg = svg_of(matrix_chart(cells, EN, title="T", summary="S"), EN).decode()
    assert all(text in svg for text in ("1,234", "75.0 %", "&lt; 10"))


def test_a_share_that_is_not_known_is_a_gap_in_its_line():
    chart = lines_of_shares(
        ["a", "b", "c"], [Line("L", [0.1, None, 0.2], target=0.05)], EN, title="T", summary="S"
    )
    drawn_line = chart.specification["layer"][0]
    assert [row["share"] for row in drawn_line["data"]["values"]] == [10, None, 20]
    assert drawn_line["mark"]["invalid"] == "break-paths-show-domains"
    assert "L: target below 5.0 %" in svg_of(chart, EN).decode()
