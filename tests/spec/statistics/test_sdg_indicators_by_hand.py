"""SDG series on drawn records, each figure a sum that can be done by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

from sojourn.concepts.survey_variables import survey_variables
from sojourn.engine import Engine, Relation
from sojourn.engine.survey_variables import VariableOrigin
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.sdg_settings import breakdowns_of, profile_of, series_of
from sojourn.project.sdg_declarations import SdgDeclaration, SeriesDeclaration
from sojourn.statistics.sdg_indicators import sdg_figures, standard_records
from sojourn.statistics.survey import Stage, TaylorDesign

DECLARED = SdgDeclaration(area="USA", period="2024")
DESIGN = TaylorDesign("weight", (Stage("each_record"),))
# Everything is shown: these figures are about sums, not about samples.
SHOW_ALL = {"id": "all", "figures": {"no_variation": "PUBLISH"}}
KEY = ("SERIES", "STATUS_OF", "MIG_STATUS", "DUR_STAY", "SEX", "AGE", "FIGURE")
Figures = dict[tuple[str, ...], dict[str, Any]]
# The extract of domain knowledge: twenty young people, all of weight 1 but the last two.
YOUTH = """
    nativity | age | activity | in_education_or_training | weight
    ---------|-----|----------|--------------------------|-------
    FB       | 15  | EMP      | Y                        | 1
    FB       | 16  | EMP      | N                        | 1
    FB       | 17  | OLF      | Y                        | 1
    FB       | 18  | UNE      | N                        | 1
    FB       | 19  | OLF      | N                        | 1
    FB       | 20  | UNE      | Y                        | 1
    FB       | 21  | EMP      | Y                        | 1
    FB       | 24  | OLF      | N                        | 1
    FB       | 25  | OLF      | N                        | 1
    FB       | 14  | _Z       | Y                        | 1
    NB       | 15  | OLF      | Y                        | 1
    NB       | 16  | OLF      | Y                        | 1
    NB       | 17  | EMP      | Y                        | 1
    NB       | 18  | EMP      | N                        | 1
    NB       | 19  | UNE      | N                        | 1
    NB       | 20  | EMP      | N                        | 1
    NB       | 22  | OLF      |                          | 1
    NB       | 30  | UNE      | N                        | 1
    NB       | 23  | OLF      | N                        | 3
    FB       | 22  | EMP      |                          | 2
"""


def drawn(drawing: str) -> dict[str, list[str | None]]:
    """The columns of a drawn table; an empty cell is missing."""
    lines = [line.strip() for line in drawing.strip().splitlines()]
    names = [name.strip() for name in lines[0].split("|")]
    cells = [[cell.strip() or None for cell in line.split("|")] for line in lines[2:]]
    return {name: [row[at] if at < len(row) else None for row in cells] for at, name in enumerate(names)}


@pytest.fixture
def computed(engine: Engine) -> Callable[..., Figures]:
    """The figures of series on a drawn table whose columns are standard variables."""

    def compute(
        drawing: str, *chosen: str, profile: Any = None, secure_tenure: str | None = None, **settings: Any
    ) -> Figures:
        columns = drawn(drawing)
        if secure_tenure is not None:
            columns["secure_tenure"] = [secure_tenure] * len(columns["weight"])
        variables = [name for name in columns if name != "weight"]
        records = standard(engine, columns)
        profiles = (SHOW_ALL,) if profile is None else ()
        declared = SdgDeclaration(area="USA", period="2024", profiles=profiles, **settings)
        known = {each.id: each for each in series_of(declared)}
        found = sdg_figures(
            records, [known[each] for each in chosen], variables=variables, known=survey_variables(),
            design=DESIGN, breakdowns=breakdowns_of(declared), profile=profile_of(declared, profile or "all"),
            area="USA", period="2024",
        )  # fmt: skip
        return {tuple(row[name] for name in KEY): row for each in found for row in each.figures.to_pylist()}

    def standard(engine: Engine, columns: dict[str, list[str | None]]) -> Relation:
        origins = [
            VariableOrigin(
                name,
                "code" if known.kind in ("code", "yes_no") else str(known.kind),
                name,
                allowed=known.allowed,
            )
            for name, known in survey_variables().items()
            if name in columns
        ]
        weights = pa.array([float(text or "nan") for text in columns["weight"]])
        table = pa.table({**columns, "weight": weights})
        return standard_records(engine.relation(table), origins, kept=["weight"], country="USA")

    return compute


def value(figures: Figures, series: str, status: str = "_T", **of: str) -> float | None:
    """The one figure of a series and a group."""
    figure = "DIFFERENCE" if "-" in status else "RATIO" if "/" in status else "VALUE"
    key = (
        series, of.get("status_of", "P"), status, of.get("stayed", "_T"), of.get("sex", "_T"),
        of.get("age", "_T"), figure,
    )  # fmt: skip
    found: float | None = figures[key]["OBS_VALUE"]
    return found


def test_youth_not_in_education_employment_or_training_is_youth_less_both_without_counting_twice(computed):
    figures = computed(YOUTH, "SDG_8_6_1")
    # Foreign-born from 15 to 24: weights 8 + 2 = 10; employed 3 + 2 = 5; not employed in education 2:
    # 100 (10 - 5 - 2) / 10 = 30.
    assert value(figures, "SDG_8_6_1", "FB") == pytest.approx(100 * (10 - 5 - 2) / 10, rel=1e-12)
    # Native-born of whom it is known 6 + 3 = 9; employed 3; others in education 2: 100 (9 - 3 - 2) / 9.
    assert value(figures, "SDG_8_6_1", "NB") == pytest.approx(100 * (9 - 3 - 2) / 9, rel=1e-12)
    assert value(figures, "SDG_8_6_1", "FB-NB") == pytest.approx(30 - 400 / 9, rel=1e-12)


def test_who_works_is_not_neet_even_where_education_is_unknown_and_others_are_not_stated(computed):
    rows = computed(YOUTH, "SDG_8_6_1")
    foreign = rows["SDG_8_6_1", "P", "FB", "_T", "_T", "_T", "VALUE"]
    native = rows["SDG_8_6_1", "P", "NB", "_T", "_T", "_T", "VALUE"]
    assert (foreign["CONTRIBUTORS"], foreign["NOT_STATED"]) == (9, 0)
    assert (native["CONTRIBUTORS"], native["NOT_STATED"]) == (7, 1)


def test_figures_of_so_few_are_flagged_by_the_default_profile_and_not_shown(computed):
    rows = computed(YOUTH, "SDG_8_6_1", profile="un-default")
    assert {row["VERDICT"] for row in rows.values()} == {"SUPPRESS"}
    assert {row["REASON"] for row in rows.values() if row["FIGURE"] == "VALUE"} == {"FEW_RECORDS"}
    for name in ("OBS_VALUE", "SE", "CV", "LOWER", "UPPER", "CONTRIBUTORS", "NOT_STATED", "MEETING"):
        assert {row[name] for row in rows.values()} == {None}


def test_each_age_has_its_own_hours_of_child_labour(computed):
    figures = computed(
        """
        nativity | age | hours_economic | hours_household | weight
        ---------|-----|----------------|-----------------|-------
        FB       | 5   | 1              | 0               | 1
        FB       | 11  | 0              | 22              | 1
        FB       | 12  | 13             | 21              | 1
        FB       | 14  | 14             | 0               | 1
        FB       | 15  | 43             | 40              | 1
        FB       | 17  | 44             | 0               | 1
        FB       | 18  | 60             | 0               | 1
        FB       | 4   | 9              | 0               | 1
        NB       | 10  |                | 22              | 1
        NB       | 10  | 0              | 3               | 1
        """,
        "SDG_8_7_1_SNA",
        "SDG_8_7_1_GENERAL",
    )
    # Of six from 5 to 17: those of 5, 14 and 17 years; then also the one with 22 hours of household work.
    assert value(figures, "SDG_8_7_1_SNA", "FB") == pytest.approx(100 * 3 / 6)
    assert value(figures, "SDG_8_7_1_GENERAL", "FB") == pytest.approx(100 * 4 / 6)
    # Whose economic hours are unknown is counted where household services alone decide, and only there.
    assert value(figures, "SDG_8_7_1_SNA", "NB") == 0
    assert value(figures, "SDG_8_7_1_GENERAL", "NB") == pytest.approx(50)


def test_hourly_earnings_are_earnings_over_hours_of_all_and_their_gap_is_a_ratio_too(computed):
    figures = computed(
        """
        nativity | age | employee | earnings | hours_paid | weight
        ---------|-----|----------|----------|------------|-------
        FB       | 30  | Y        | 100      | 10         | 2
        FB       | 40  | Y        | 300      | 40         | 1
        NB       | 30  | Y        | 400      | 20         | 1
        NB       | 50  | Y        |          | 10         | 1
        NB       | 50  | N        | 900      | 1          | 1
        NB       | 14  | Y        | 900      | 1          | 1
        """,
        "SDG_8_5_1",
    )
    # (2 * 100 + 300) / (2 * 10 + 40) = 500 / 60, against 400 / 20.
    assert value(figures, "SDG_8_5_1", "FB") == pytest.approx(500 / 60)
    assert value(figures, "SDG_8_5_1", "NB") == pytest.approx(20)
    assert value(figures, "SDG_8_5_1", "FB-NB") == pytest.approx(500 / 60 - 20)
    assert value(figures, "SDG_8_5_1", "FB/NB") == pytest.approx(500 / 60 / 20)


def test_the_line_of_relative_poverty_is_half_of_everybodys_median(computed):
    figures = computed(
        """
        nativity | income_per_person | weight
        ---------|-------------------|-------
        FB       | 10                | 1
        FB       | 19                | 1
        FB       | 21                | 2
        NB       | 40                | 3
        NB       | 60                | 1
        NB       | 19.9              | 1
        """,
        "SDG_10_2_1",
    )
    # Weights 1 2 | 3 (19.9) | 5 (21) | 8 (40) | 9: half of 9 is reached at 21, so the line is 10.5.
    assert value(figures, "SDG_10_2_1", "FB") == pytest.approx(100 * 1 / 4)
    assert value(figures, "SDG_10_2_1", "NB") == 0


def test_poverty_is_told_by_status_of_the_person_and_of_the_head(computed):
    figures = computed(
        """
        nativity | head_nativity | poor_national | weight
        ---------|---------------|---------------|-------
        FB       | FB            | Y             | 1
        NB       | FB            | Y             | 1
        NB       | NB            | N             | 1
        NB       |               | Y             | 1
        """,
        "SDG_1_2_1",
    )
    assert value(figures, "SDG_1_2_1", "FB") == 100
    assert value(figures, "SDG_1_2_1", "NB") == pytest.approx(100 * 2 / 3)
    assert value(figures, "SDG_1_2_1", "FB", status_of="H") == 100
    assert value(figures, "SDG_1_2_1", "NB", status_of="H") == 0
    assert value(figures, "SDG_1_2_1", "BIRTH_U", status_of="H") == 100


def test_who_was_born_abroad_and_who_is_a_citizen_are_told_by_places_and_crossed(computed):
    figures = computed(
        """
        birthplace | citizenship | electricity | weight
        -----------|-------------|-------------|-------
        USA        | USA         | Y           | 1
        MEX        | USA         | Y           | 1
        MEX        | MEX         | N           | 1
        USA        | MEX         | N           | 1
        FRA        | STLS        | Y           | 1
                   | USA         | Y           | 1
        MEX        |             | N           | 1
        """,
        "SDG_7_1_1",
    )
    shares = {
        "_T": 4 / 7,
        "NB": 1 / 2,
        "FB": 2 / 4,
        "BIRTH_U": 1,
        "CIT": 1,
        "NONCIT_STLS": 1 / 3,
        "NONCIT": 0,
        "STLS": 1,
        "CITIZEN_U": 0,
        "NB_CIT": 1,
        "FB_CIT": 1,
        "FB_NONCIT_STLS": 1 / 2,
        "NB_NONCIT_STLS": 0,
        "U_CIT": 1,
        "FB_U": 0,
    }
    found = {status: value(figures, "SDG_7_1_1", status) for status in shares}
    assert found == pytest.approx({status: 100 * share for status, share in shares.items()})


def test_the_foreign_born_are_compared_by_how_long_they_have_stayed(computed):
    figures = computed(
        """
        nativity | years_since_arrival | electricity | weight
        ---------|---------------------|-------------|-------
        FB       | 0.9                 | N           | 1
        FB       | 1                   | Y           | 1
        FB       | 4                   | N           | 1
        FB       | 5                   | Y           | 1
        FB       | 10                  | Y           | 1
        FB       |                     | N           | 1
        NB       | 2                   | Y           | 1
        NB       |                     | Y           | 1
        """,
        "SDG_7_1_1",
    )
    bands = {"Y_LT1": 0, "Y1T4": 50, "Y5T9": 100, "Y_GE10": 100, "_U": 0}
    assert {band: value(figures, "SDG_7_1_1", "FB", stayed=band) for band in bands} == bands
    assert value(figures, "SDG_7_1_1", "FB-NB", stayed="Y1T4") == -50
    assert value(figures, "SDG_7_1_1", "FB") == 50


def test_children_are_a_group_of_their_own_and_age_groups_split_only_what_spans_several(computed):
    figures = computed(YOUTH, "SDG_8_6_1")
    ages = {key[5] for key in figures}
    assert ages == {"_T", "Y0T17", "Y_GE18"}
    # Foreign-born 15, 16, 17: two employed, one in education.
    assert value(figures, "SDG_8_6_1", "FB", age="Y0T17") == 0


def test_densities_of_health_workers_are_per_ten_thousand_of_everyone(computed):
    figures = computed(
        """
        nativity | health_worker | weight
        ---------|---------------|-------
        FB       | DOC           | 2
        NB       | DOC           | 1
        NB       | _Z            | 5
        FB       | _Z            | 2
        """,
        "SDG_3_C_1_DOC",
        "SDG_3_C_1_DOC_SHARE",
    )
    assert value(figures, "SDG_3_C_1_DOC") == pytest.approx(10_000 * 3 / 10)
    assert value(figures, "SDG_3_C_1_DOC_SHARE", "FB") == pytest.approx(100 * 2 / 3)
    assert {key[2] for key in figures if key[0] == "SDG_3_C_1_DOC"} == {"_T"}


def test_recruitment_costs_are_each_workers_cost_over_their_own_earnings(computed):
    figures = computed(
        """
        nativity | sex | migrant_worker | recruitment_cost | first_monthly_earnings | weight
        ---------|-----|----------------|------------------|------------------------|-------
        NB       | F   | Y              | 0                | 500                    | 1
        NB       | F   | Y              | 1500             | 500                    | 1
        NB       | M   | Y              | 600              | 200                    | 2
        NB       | M   | Y              | 600              | 0                      | 1
        NB       | M   | N              | 9000             | 100                    | 1
        """,
        "SDG_10_7_1_MEAN",
        "SDG_10_7_1_MEDIAN",
    )
    # Months: 0, 3, and twice 3; without earnings there is no number of months.
    assert value(figures, "SDG_10_7_1_MEAN") == pytest.approx((0 + 3 + 2 * 3) / 4)
    assert value(figures, "SDG_10_7_1_MEDIAN") == 3
    assert value(figures, "SDG_10_7_1_MEAN", "NB", sex="F") == pytest.approx(1.5)


def test_inadequate_housing_lacks_any_of_five_and_is_unknown_where_none_is_known_to_be_lacking(computed):
    figures = computed(
        """
        nativity | urban | improved_water | improved_sanitation | persons_per_room | durable_housing | weight
        ---------|-------|----------------|---------------------|------------------|-----------------|-------
        FB       | Y     | Y              | Y                   | 3.0              | Y               | 1
        FB       | Y     | Y              | Y                   | 3.1              | Y               | 1
        FB       | Y     | N              |                     |                  |                 | 1
        FB       | Y     | Y              |                     | 1                | Y               | 1
        FB       | N     | N              | N                   | 9                | N               | 1
        """,
        "SDG_11_1_1",
        secure_tenure="Y",
    )
    row = figures["SDG_11_1_1", "P", "FB", "_T", "_T", "_T", "VALUE"]
    assert row["OBS_VALUE"] == pytest.approx(100 * 2 / 3)
    assert (row["CONTRIBUTORS"], row["NOT_STATED"]) == (3, 1)


def test_a_country_changes_a_shipped_series_by_naming_it(computed):
    changed = (SeriesDeclaration.model_validate({"id": "SDG_8_6_1", "ages": {"from": 15, "to": 29}}),)
    figures = computed(YOUTH, "SDG_8_6_1", series=changed)
    # The foreign-born of 25, outside education and employment, is now in: 100 (11 - 5 - 2) / 11.
    assert value(figures, "SDG_8_6_1", "FB") == pytest.approx(100 * (11 - 5 - 2) / 11)


def test_nobody_in_the_universe_gives_no_figure_and_never_zero(computed):
    figures = computed(
        """
        nativity | age | birth_registered | weight
        ---------|-----|------------------|-------
        FB       | 30  | Y                | 1
        NB       | 5   | Y                | 1
        """,
        "SDG_16_9_1",
    )
    row = figures["SDG_16_9_1", "P", "_T", "_T", "_T", "_T", "VALUE"]
    assert (row["OBS_VALUE"], row["VERDICT"], row["REASON"]) == (None, "NONE", "NO_FIGURE")


def standardised(engine: Engine, origin: VariableOrigin, **columns: Sequence[Any]) -> list[Any]:
    """One variable of records with these columns."""
    table = pa.table({**columns, "weight": [1.0] * len(next(iter(columns.values())))})
    found = standard_records(engine.relation(table), [origin], kept=["weight"], country="USA")
    return found.to_arrow()[origin.name].to_pylist()


def test_codes_are_found_by_what_a_column_holds_also_where_whole_numbers_are_kept_as_fractions(engine):
    origin = VariableOrigin("sex", "code", "SEX", codes={"1": "M", "2": "F", "9": "_U"}, missing=("-8",))
    assert standardised(engine, origin, SEX=[1.0, 2.0, None, 9.0, -8.0, float("nan")]) == [
        *("M", "F", None, None, None, None)
    ]


def test_a_code_without_a_line_is_refused_with_its_number_and_not_its_value(engine):
    origin = VariableOrigin("sex", "code", "SEX", codes={"1": "M", "2": "F"}, allowed=("M", "F"))
    with pytest.raises(DataRefused) as refused:
        standardised(engine, origin, SEX=["1", "2", "77", "77"])
    assert "in 2 records" in str(refused.value)
    assert "77" not in str(refused.value)


def test_what_is_no_number_is_refused_and_what_is_listed_as_missing_is_not(engine):
    with pytest.raises(DataRefused, match="in 1 records the column AGEP holds no whole number"):
        standardised(engine, VariableOrigin("age", "whole", "AGEP"), AGEP=["30", "n/a"])
    origin = VariableOrigin("age", "whole", "AGEP", missing=("n/a",))
    assert standardised(engine, origin, AGEP=["30", "n/a"]) == [30, None]


def test_an_age_below_zero_is_refused(engine):
    with pytest.raises(DataRefused, match="whole number from 0 on"):
        standardised(engine, VariableOrigin("age", "whole", "AGEP"), AGEP=[30, -1])


def test_a_column_of_the_design_cannot_have_a_variables_name(engine):
    table = pa.table({"sex": ["1"], "weight": [1.0]})
    with pytest.raises(ProjectError, match="name of a standard variable"):
        standard_records(
            engine.relation(table),
            [VariableOrigin("sex", "code", "sex")],
            kept=["weight", "sex"],
            country="USA",
        )


def test_a_column_that_is_not_there_is_named(engine):
    table = pa.table({"weight": [1.0]})
    with pytest.raises(ProjectError, match="comes from SEX"):
        standard_records(
            engine.relation(table), [VariableOrigin("sex", "code", "SEX")], kept=["weight"], country="USA"
        )
