"""Two versions of a table side by side, by hand and against a plain definition."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.contracts.aggregates import Observation
from sojourn.dissemination.descriptions import (
    CodeDescription,
    Contact,
    Dimension,
    Licence,
    Method,
    Protection,
    TableDescription,
    Unit,
)
from sojourn.release.side_by_side import places, side_by_side


def described(codes, periods):
    return TableDescription(
        id="T",
        title={"en": "T"},
        description={"en": "T"},
        definition={"en": "T"},
        unit=Unit(id="PS", name={"en": "Persons"}),
        statistic="count",
        dimensions=(
            Dimension(
                id="SEX",
                name={"en": "Sex"},
                codes=tuple(CodeDescription(id=c, name={"en": c}) for c in codes),
            ),
        ),
        time_periods=tuple(periods),
        sources=(),
        method=Method(id="m", title={"en": "M"}, summary={"en": "M"}),
        protection=Protection(),
        licence=Licence(id="CC0-1.0", url="https://example.org/"),
        contact=Contact(name={"en": "Office"}),
        citation={"en": "T"},
    )


def observed(cells):
    """Observations from sex, period, value; a value of None is withheld."""
    rows = [
        {
            "SEX": sex,
            "TIME_PERIOD": period,
            "OBS_VALUE": value,
            "OBS_STATUS": "A" if value is not None else "Q",
            "CONF_STATUS": "F" if value is not None else "C",
            "SE": None,
            "CV": None,
            "LINKAGE_SE": None,
        }
        for sex, period, value in cells
    ]
    empty = {name: pa.array([], pa.string()) for name in ("SEX",)}
    made = pa.Table.from_pylist(rows) if rows else pa.table({**empty, **_empty()})
    return Observation.conform(made, ("SEX",))


def _empty():
    return {name: pa.array([], column.arrow_type) for name, column in Observation.columns.items()}


def told(table):
    names = ("SEX", "TIME_PERIOD", "OLD_OBS_VALUE", "NEW_OBS_VALUE", "DIFFERENCE", "CHANGE")
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def test_cells_stand_beside_one_another_with_what_became_of_them():
    new = observed([("_T", "2024", 10.0), ("F", "2024", 6.0), ("M", "2024", None), ("X", "2024", 1.0)])
    old = observed([("F", "2024", 4.0), ("M", "2024", 5.0), ("_T", "2024", 10.0), ("O", "2024", 2.0)])
    found, _ = side_by_side(
        described(["_T", "F", "M", "X"], ["2024"]), new, described(["F", "M", "_T", "O"], ["2024"]), old
    )
    assert told(found) == [
        ("_T", "2024", 10.0, 10.0, 0.0, "same"),
        ("F", "2024", 4.0, 6.0, 2.0, "changed"),
        ("M", "2024", 5.0, None, None, "changed"),
        ("X", "2024", None, 1.0, None, "new"),
        ("O", "2024", 2.0, None, None, "gone"),
    ]


def test_two_withheld_figures_are_the_same():
    cells = observed([("F", "2024", None)])
    one = described(["F"], ["2024"])
    assert told(side_by_side(one, cells, one, cells)[0]) == [("F", "2024", None, None, None, "same")]


def test_without_an_older_table_nothing_has_changed():
    found, _ = side_by_side(described(["F"], ["2024"]), observed([("F", "2024", 3.0)]))
    assert told(found) == [("F", "2024", None, 3.0, None, "same")]


def test_tables_of_other_dimensions_are_refused():
    one = described(["F"], ["2024"])
    other = one.model_copy(update={"dimensions": (one.dimensions[0].model_copy(update={"id": "AGE"}),)})
    cells = observed([("F", "2024", 3.0)])
    with pytest.raises(ValueError, match="different dimensions"):
        side_by_side(one, cells, other, cells)


def test_a_cell_of_an_unknown_code_has_no_place():
    cells = pa.table({"SEX": ["F", "?"], "TIME_PERIOD": ["2024", "2024"]})
    assert places(cells, [("SEX", ["M", "F"]), ("TIME_PERIOD", ["2023", "2024"])]).tolist() == [3, -1]


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["_T", "F", "M"]), st.sampled_from(["2022", "2023", "2024"])),
    st.one_of(st.none(), st.integers(0, 3).map(float)),
)


@settings(max_examples=60)
@given(CELLS.filter(bool), CELLS, st.permutations(["_T", "F", "M"]), st.permutations(["_T", "F", "M"]))
def test_the_table_is_what_the_plain_definition_says(new, old, order, old_order):
    periods = ["2022", "2023", "2024"]
    found, _ = side_by_side(
        described(order, periods),
        observed([(*key, value) for key, value in new.items()]),
        described(old_order, periods),
        observed([(*key, value) for key, value in old.items()]),
    )
    expected = []
    for sex in order:
        for period in periods:
            key = (sex, period)
            if key not in new and key not in old:
                continue
            before, now = old.get(key), new.get(key)
            change = (
                "new"
                if key not in old
                else "gone"
                if key not in new
                else "same"
                if before == now
                else "changed"
            )
            difference = now - before if now is not None and before is not None else None
            expected.append((sex, period, before, now, difference, change))
    assert told(found) == expected
