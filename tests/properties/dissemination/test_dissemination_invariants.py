"""What holds for any table and any selection: nothing is lost, doubled or changed on the way out."""

from __future__ import annotations

import csv
import io
import itertools

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
from hypothesis import given, settings

from portal_publication import AGENCY, inflow
from sojourn.dissemination.formats import csv_bytes, number_text, sdmx_csv_bytes, without_formulas
from sojourn.dissemination.grid import grid
from sojourn.dissemination.publication import observations_in_order
from sojourn.dissemination.search import SearchIndex
from sojourn.dissemination.selection import Cells, Selection, choices, selection_asked

TABLE = inflow("1")
CELLS = Cells(TABLE.description, observations_in_order(TABLE.description, TABLE.observations))
CHOICES = choices(TABLE.description)
selections = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(codes), min_size=1, unique=True) for name, codes in CHOICES.items()}
)
printable = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


def in_order(asked: dict[str, list[str]]) -> Selection:
    return selection_asked(
        TABLE.description, [(name, code) for name, codes in asked.items() for code in codes], "en"
    )


@given(selections)
@settings(max_examples=150, deadline=None)
def test_a_grid_holds_each_chosen_cell_exactly_once(asked: dict[str, list[str]]):
    laid_out = grid(CELLS, in_order(asked))
    plain = [
        cell
        for cell in CELLS.observations.to_pylist()
        if all(cell[name] in codes for name, codes in asked.items())
    ]
    places = laid_out.at[laid_out.at >= 0]
    assert sorted(places.tolist()) == list(range(len(plain)))
    shown = [value for value in laid_out.numbers("OBS_VALUE").ravel() if not np.isnan(value)]
    assert sorted(shown) == sorted(cell["OBS_VALUE"] for cell in plain if cell["OBS_VALUE"] is not None)


@given(selections)
@settings(max_examples=100, deadline=None)
def test_each_figure_stands_at_the_crossing_of_its_own_codes(asked: dict[str, list[str]]):
    laid_out = grid(CELLS, in_order(asked))
    values = {
        tuple(cell[name] for name in CHOICES): cell["OBS_VALUE"] for cell in CELLS.observations.to_pylist()
    }
    for row, column in itertools.product(range(len(laid_out.rows)), range(len(laid_out.columns))):
        codes = dict(zip(laid_out.row_dimensions, laid_out.rows[row], strict=True)) | dict(laid_out.fixed)
        codes[laid_out.column_dimension] = laid_out.columns[column]
        shown = float(laid_out.numbers("OBS_VALUE")[row, column])
        expected = values[tuple(codes[name] for name in CHOICES)]
        assert shown == expected or (np.isnan(shown) and expected is None)


@given(selections)
@settings(max_examples=100, deadline=None)
def test_an_address_says_its_selection_and_nothing_else(asked: dict[str, list[str]]):
    selection = in_order(asked)
    assert selection_asked(TABLE.description, selection.query(), "en") == selection


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=1))
@settings(deadline=None)
def test_every_number_reads_back_as_itself(numbers: list[float | None]):
    texts = number_text(pa.chunked_array([pa.array(numbers, pa.float64())])).to_pylist()
    assert [None if text is None else float(text) for text in texts] == numbers


@given(st.lists(printable.map(lambda text: text + "x"), min_size=4, max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_names_come_back_from_csv_once_defused(names: list[str]):
    dumped = TABLE.description.model_dump()
    citizenship = dumped["dimensions"][0]
    codes = tuple(
        {**code, "name": {"en": names[number % 4]}} for number, code in enumerate(citizenship["codes"])
    )
    dumped["dimensions"] = ({**citizenship, "codes": codes}, dumped["dimensions"][1])
    description = type(TABLE.description).model_validate(dumped)
    read = list(
        csv.DictReader(io.StringIO(csv_bytes(description, CELLS.observations, "en").decode(), newline=""))
    )
    expected = without_formulas(pa.array([names[number % 4] for number in range(len(codes))])).to_pylist()
    assert list(dict.fromkeys(line["CITIZENSHIP_NAME"] for line in read)) == list(dict.fromkeys(expected))
    assert len(read) == CELLS.observations.num_rows


@given(selections)
@settings(max_examples=50, deadline=None)
def test_csv_and_sdmx_csv_hold_the_same_figures(asked: dict[str, list[str]]):
    chosen, _ = CELLS.chosen(in_order(asked))
    plain, sdmx = (
        [
            tuple(line[name] for name in (*CHOICES, "OBS_VALUE", "OBS_STATUS"))
            for line in csv.DictReader(lines)
        ]
        for lines in (
            io.StringIO(csv_bytes(TABLE.description, chosen, "en").decode()),
            io.StringIO(sdmx_csv_bytes(AGENCY, TABLE.description, chosen).decode()),
        )
    )
    assert plain == sdmx


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_query_breaks_the_search(query: str):
    index = SearchIndex([TABLE.description])
    assert len(index.find(query)) <= 1
