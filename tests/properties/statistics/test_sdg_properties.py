"""SDG figures by migratory status are what a plain reading of their definition gives, whatever is unknown."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.concepts.survey_variables import survey_variables
from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.engine.survey_variables import VariableOrigin, misread_statement, variables_statement
from sojourn.production.sdg_settings import series_of
from sojourn.project.sdg_declarations import SdgDeclaration
from sojourn.statistics.sdg_indicators import Breakdown, Profile, Thresholds, sdg_figures, standard_records
from sojourn.statistics.survey import CensusDesign

DESIGN = CensusDesign("weight")
SHOW_ALL = Profile("all", "1", Thresholds(no_variation="PUBLISH"))
NEET = next(each for each in series_of(SdgDeclaration(area="USA", period="2024")) if each.id == "SDG_8_6_1")
CROSSED = (Breakdown("total"), Breakdown("crossed", "nativity_citizen"), Breakdown("birth", "nativity"))
NAMES = ("birthplace", "nativity", "citizen", "age", "activity", "in_education_or_training")
PERSON = st.tuples(
    st.sampled_from(["USA", "MEX", None, "_U"]),
    st.sampled_from(["NB", "FB", "_U", None]),
    st.sampled_from(["CIT", "NONCIT", "STLS", "NONCIT_STLS", None]),
    st.sampled_from([None, 14, 15, 20, 24, 25]),
    st.sampled_from(["EMP", "UNE", "OLF", "_Z", "_U", None]),
    st.sampled_from(["Y", "N", "_U", None]),
    st.integers(1, 5),
)


@pytest.fixture(scope="module")
def shared_engine():
    with Engine() as engine:
        yield engine


def group_of(person: tuple[Any, ...]) -> tuple[str, str]:
    """Birth and citizenship by their definition: the place decides, the file where it says nothing."""
    place, said, citizen = person[:3]
    born = {"USA": "NB", "MEX": "FB"}.get(place or "", said if said in ("NB", "FB") else "U")
    belongs = {None: "U", "CIT": "CIT"}.get(citizen, "NONCIT_STLS")
    return born, belongs


def is_neet(person: tuple[Any, ...]) -> bool | None:
    """Whether a person counts: None for who is outside, or of whom it is not known."""
    _, _, _, age, activity, education, _ = person
    if age is None or not 15 <= age <= 24:
        return None
    if activity == "EMP" or education == "Y":
        return False
    if activity in (None, "_U") or education in (None, "_U"):
        return None
    return True


@settings(max_examples=15)
@given(st.lists(PERSON, min_size=1, max_size=60))
def test_neet_is_its_definition_in_every_group(shared_engine, people):
    found = figures_of(shared_engine, people)
    totals: dict[str, list[float]] = {}
    for person in people:
        neet = is_neet(person)
        if neet is None:
            continue
        born, belongs = group_of(person)
        for group in ("_T", f"{born}_{belongs}", "BIRTH_U" if born == "U" else born):
            counted = totals.setdefault(group, [0.0, 0.0])
            counted[0] += person[-1] * neet
            counted[1] += person[-1]
    shown = {group: value for group, value in found.items() if value is not None and "-" not in group}
    assert shown == pytest.approx({group: 100 * one / of for group, (one, of) in totals.items()})


def figures_of(engine: Engine, people: list[tuple[Any, ...]]) -> dict[str, float | None]:
    """The figures by group."""
    known = survey_variables()
    kinds = {"age": "whole"}
    origins = [
        VariableOrigin(name, kinds.get(name, "code"), name, allowed=known[name].allowed) for name in NAMES
    ]
    columns = {name: [person[at] for person in people] for at, name in enumerate(NAMES)}
    types = {name: pa.int64() if name == "age" else pa.string() for name in NAMES}
    table = pa.table(
        {**{name: pa.array(columns[name], types[name]) for name in NAMES}, "weight": [p[-1] for p in people]}
    )
    records = standard_records(engine.relation(table), origins, kept=["weight"], country="USA")
    made = sdg_figures(
        records, [NEET], variables=NAMES, known=known, design=DESIGN, breakdowns=CROSSED, profile=SHOW_ALL,
        area="USA", period="2024",
    )  # fmt: skip
    return {row["MIG_STATUS"]: row["OBS_VALUE"] for each in made for row in each.figures.to_pylist()}


CELL = st.one_of(st.none(), st.sampled_from(["1", "2", "9", "x", "-8", "07"]))


@settings(max_examples=40)
@given(st.lists(CELL, min_size=1, max_size=8), st.booleans())
def test_a_column_becomes_codes_as_its_lines_say_and_everything_else_is_counted(
    shared_engine, cells, lists_x
):
    codes = {"1": "A", "2": "B", "9": "_U", **({"x": "A"} if lists_x else {})}
    origin = VariableOrigin("v", "code", "c", codes=codes, missing=("-8",), allowed=("A", "B", "_U"))
    table = pa.table({"c": pa.array(cells, pa.string())})
    types = {"c": "VARCHAR"}
    relation = shared_engine.relation(table)
    found = shared_engine.query(variables_statement([origin], types, []), {"records": relation})
    wrong = shared_engine.query(misread_statement([origin], types), {"records": relation}).rows()[0][0]
    expected = [None if codes.get(cell or "") == "_U" else codes.get(cell or "") for cell in cells]
    assert found.to_arrow()["v"].to_pylist() == expected
    assert wrong == sum(cell not in (None, "-8", *codes) for cell in cells)
    shared_engine.forget(found)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.integers(0, 3)))))
def test_the_first_case_that_holds_decides_unless_one_before_it_is_not_known(shared_engine, pairs):
    cases = tuple((parse_rule(text, ["a", "b"]), code) for text, code in (("a > 1", "A"), ("b > 1", "B")))
    origin = VariableOrigin("v", "code", cases=cases, otherwise="C")
    table = pa.table({name: pa.array([p[at] for p in pairs], pa.int64()) for at, name in enumerate("ab")})
    types = {"a": "BIGINT", "b": "BIGINT"}
    found = shared_engine.query(
        variables_statement([origin], types, []), {"records": shared_engine.relation(table)}
    )

    def first(a: int | None, b: int | None) -> str | None:
        if a is None:
            return None
        if a > 1:
            return "A"
        return None if b is None else "B" if b > 1 else "C"

    assert found.to_arrow()["v"].to_pylist() == [first(*pair) for pair in pairs]
    shared_engine.forget(found)
