"""SDG indicators by migratory status on the American Community Survey of 2024, against sums written here.

Each figure is computed a second time from the producer's files with nothing but numpy: weighted sums, and the
spread of households' linearised totals within public use microdata areas.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.production.sdg_files import SdgTargets, sdg_file
from sojourn.project.load import load_declaration
from sojourn.project.sdg_declarations import BreakdownDeclaration, SdgDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration

pytestmark = pytest.mark.oracle
REPOSITORY = Path(__file__).parents[4]
EXAMPLE = REPOSITORY / "examples" / "us-acs-sdg"
DATA = Path(os.environ.get("SOJOURN_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "us_acs_pums_2024"
EXACT = 1e-10
CHOSEN = (
    {"id": "total"},
    {"id": "birth", "status": "nativity"},
    {"id": "citizenship", "status": "citizen"},
    {"id": "birth-citizenship", "status": "nativity_citizen"},
    {"id": "birth-child-sex", "status": "nativity", "by": ("child", "sex")},
    {"id": "head-birth", "status": "head_nativity"},
)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The figures of the example's specification, by series, group and kind of figure."""
    if not DATA.is_dir():
        pytest.skip(f"the American Community Survey is not in {DATA}; set SOJOURN_SHARED_DATA")
    folder = tmp_path_factory.mktemp("acs")
    subprocess.run([sys.executable, EXAMPLE / "prepare.py", DATA, folder / "persons.parquet"], check=True)
    declared = load_declaration(EXAMPLE / "sdg.yaml", SdgDeclaration)
    breakdowns = tuple(BreakdownDeclaration.model_validate(each) for each in CHOSEN)
    found = sdg_file(
        folder / "persons.parquet",
        SdgTargets(folder / "sdg.parquet", folder / "report.csv"),
        declared=declared.model_copy(update={"breakdowns": breakdowns}),
        design=load_declaration(EXAMPLE / "design.yaml", SurveyDesignDeclaration),
        folder=EXAMPLE,
    )
    rows = pq.read_table(folder / "sdg.parquet").to_pylist()
    keyed = {(r["SERIES"], r["STATUS_OF"], r["MIG_STATUS"], r["SEX"], r["AGE"], r["FIGURE"]): r for r in rows}
    assert len(keyed) == len(rows)
    return keyed, found, pcsv.read_csv(folder / "report.csv").to_pylist()


class Survey:
    """The producer's files as numpy arrays, one row a person, and sums with their errors."""

    def __init__(self) -> None:
        persons = _columns("p_*.parquet")
        homes = _columns("h_*.parquet")
        order = np.argsort(homes["SERIALNO"])
        place = order[np.searchsorted(homes["SERIALNO"][order], persons["SERIALNO"])]
        self.of = {**{name: values[place] for name, values in homes.items()}, **persons}
        self.weight = persons["PWGTP"]
        _, self.home = np.unique(persons["SERIALNO"], return_inverse=True)
        area = np.char.add(persons["STATE"].astype("U2"), persons["PUMA"].astype("U5"))
        _, stratum = np.unique(area, return_inverse=True)
        self.stratum_of_home = np.zeros(self.home.max() + 1, int)
        self.stratum_of_home[self.home] = stratum
        first = persons["SPORDER"] == 1
        head = np.full(self.home.max() + 1, np.nan)
        head[self.home[first]] = persons["NATIVITY"][first]
        self.head_nativity = head[self.home]

    def __getattr__(self, name: str) -> np.ndarray:
        return self.of[name]

    def ratio(self, upper: np.ndarray, lower: np.ndarray) -> tuple[float, np.ndarray]:
        """A ratio of weighted totals, and what each person adds to its linear approximation."""
        above, below = (self.weight * upper).sum(), (self.weight * lower).sum()
        value = above / below
        return value, self.weight * (upper - value * lower) / below

    def error(self, added: np.ndarray) -> float:
        """The standard error: the spread of households' totals within their areas."""
        totals = np.bincount(self.home, added, len(self.stratum_of_home))
        homes = np.bincount(self.stratum_of_home)
        mean = np.bincount(self.stratum_of_home, totals) / homes
        squares = np.bincount(self.stratum_of_home, (totals - mean[self.stratum_of_home]) ** 2)
        return float(np.sqrt((homes / (homes - 1) * squares).sum()))


def _columns(pattern: str) -> dict[str, np.ndarray]:
    tables = [pq.read_table(file) for file in sorted(DATA.glob(pattern))]
    found = {}
    for name in tables[0].column_names:
        parts = [table[name].to_numpy(zero_copy_only=False) for table in tables]
        text = name in ("SERIALNO", "STATE", "PUMA")
        found[name] = np.concatenate(parts).astype(str if text else float)
    return found


@pytest.fixture(scope="module")
def acs(figures) -> Survey:
    return Survey()


def is_in(values: np.ndarray, *codes: float) -> np.ndarray:
    return np.isin(values, codes)


def employed(acs: Survey) -> np.ndarray:
    return is_in(acs.ESR, 1, 2, 4, 5)


def health(acs: Survey, *codes: float) -> np.ndarray:
    return employed(acs) & is_in(acs.OCCP, *codes)


# Series: the unit's factor, then numerator and denominator of each person. NaN compares as false.
Pair = tuple[np.ndarray, np.ndarray]
FIGURES: dict[str, tuple[float, Callable[[Survey], Pair]]] = {
    "SDG_1_2_1": (100, lambda a: (a.POVPIP < 100, a.POVPIP >= 0)),
    "US_3_7_2": (
        1000,
        lambda a: (
            (a.SEX == 2) & (a.AGEP >= 15) & (a.AGEP <= 19) & (a.FER == 1),
            (a.SEX == 2) & (a.AGEP >= 15) & (a.AGEP <= 19) & (a.FER >= 1),
        ),
    ),
    "US_3_8_1_INSURED": (100, lambda a: (a.HICOV == 1, a.HICOV >= 1)),
    "SDG_4_1_2_PRIM": (
        100,
        lambda a: ((a.AGEP >= 14) & (a.AGEP <= 16) & (a.SCHL >= 9), (a.AGEP >= 14) & (a.AGEP <= 16)),
    ),
    "SDG_4_1_2_LSEC": (
        100,
        lambda a: ((a.AGEP >= 17) & (a.AGEP <= 19) & (a.SCHL >= 12), (a.AGEP >= 17) & (a.AGEP <= 19)),
    ),
    "SDG_4_1_2_USEC": (
        100,
        lambda a: ((a.AGEP >= 20) & (a.AGEP <= 22) & (a.SCHL >= 16), (a.AGEP >= 20) & (a.AGEP <= 22)),
    ),
    "US_5_5_2": (
        100,
        lambda a: (
            employed(a) & (a.OCCP >= 10) & (a.OCCP <= 440) & (a.SEX == 2),
            employed(a) & (a.OCCP >= 10) & (a.OCCP <= 440),
        ),
    ),
    "SDG_8_5_1": (1, lambda a: _earnings(a)),
    "SDG_8_5_2": (100, lambda a: (a.ESR == 3, employed(a) | (a.ESR == 3))),
    "US_9_2_2": (
        100,
        lambda a: (employed(a) & (a.INDP >= 1070) & (a.INDP <= 3990), employed(a) & (a.INDP >= 0)),
    ),
    "SDG_11_1_1": (100, lambda a: ((a.TYPEHUGQ == 1) & (a.NP / a.RMSP > 3), a.TYPEHUGQ == 1)),
    "US_11_1_1_CROWDED": (100, lambda a: ((a.TYPEHUGQ == 1) & (a.NP / a.RMSP > 1), a.TYPEHUGQ == 1)),
}
PARITY = {"US_4_5_1": "SDG_4_1_2_USEC"}
SHARES = {
    "SDG_3_C_1_DOC_SHARE": (3065, 3070, 3090, 3100),
    "SDG_3_C_1_NUR_SHARE": (3255, 3256, 3258, 3500),
}
GROUPS: dict[tuple[str, str], Callable[[Survey], np.ndarray]] = {
    ("P", "_T"): lambda a: a.AGEP >= 0,
    ("P", "FB"): lambda a: a.NATIVITY == 2,
    ("P", "NB"): lambda a: a.NATIVITY == 1,
    ("P", "CIT"): lambda a: is_in(a.CIT, 1, 2, 3, 4),
    ("P", "NONCIT_STLS"): lambda a: a.CIT == 5,
    ("P", "FB_CIT"): lambda a: (a.NATIVITY == 2) & is_in(a.CIT, 1, 2, 3, 4),
    ("P", "FB_NONCIT_STLS"): lambda a: (a.NATIVITY == 2) & (a.CIT == 5),
    ("H", "FB"): lambda a: a.head_nativity == 2,
    ("H", "NB"): lambda a: a.head_nativity == 1,
}
GAPS = (("P", "FB", "NB"), ("P", "NONCIT_STLS", "CIT"), ("H", "FB", "NB"))


def _earnings(acs: Survey) -> Pair:
    hours = acs.WKHP * acs.WKWN
    paid = (acs.AGEP >= 16) & employed(acs) & is_in(acs.COW, 1, 2, 3, 4, 5) & (acs.WAGP > 0)
    paid &= ~np.isnan(hours)
    return np.where(paid, acs.WAGP, 0.0), np.where(paid, hours, 0.0)


def expected(acs: Survey, series: str, group: np.ndarray) -> tuple[float, np.ndarray]:
    """The figure of a group in its unit, and what each person adds to it."""
    factor, pair = FIGURES[PARITY.get(series, series)]
    upper, lower = (part.astype(float) for part in pair(acs))
    with np.errstate(invalid="ignore", divide="ignore"):
        value, added = acs.ratio(upper * group, lower * group)
    return factor * value, factor * added


def assert_shown_as(row: dict, value: float, error: float) -> None:
    """A row shows a figure and its error, or hides both for a reason that the profile gives."""
    if row["VERDICT"] in ("SUPPRESS", "NONE"):
        assert (row["OBS_VALUE"], row["SE"], row["CONTRIBUTORS"]) == (None, None, None)
        return
    assert row["OBS_VALUE"] == pytest.approx(value, rel=EXACT, abs=0)
    if row["REASON"] == "NO_VARIATION":
        assert (row["SE"], row["CV"]) == (None, None)
        return
    assert row["SE"] == pytest.approx(error, rel=EXACT, abs=0)


@pytest.mark.parametrize("series", [*FIGURES, *PARITY])
def test_each_figure_is_that_of_plain_weighted_sums(figures, acs, series):
    rows, _, _ = figures
    seen = 0
    for (of, status), group in GROUPS.items():
        row = rows.get((series, of, status, "_T", "_T", "VALUE"))
        if row is None:
            assert of == "H", f"{series} has no figure of {status}"
            continue
        value, added = expected(acs, series, group(acs))
        assert_shown_as(row, value, acs.error(added))
        seen += row["OBS_VALUE"] is not None
    assert seen >= 3


@pytest.mark.parametrize("series", [name for name in FIGURES if name not in PARITY])
def test_each_gap_takes_out_what_both_groups_have_in_common(figures, acs, series):
    rows, _, _ = figures
    for of, migrants, others in GAPS:
        row = rows.get((series, of, f"{migrants}-{others}", "_T", "_T", "DIFFERENCE"))
        if row is None:
            assert of == "H"
            continue
        one, own = expected(acs, series, GROUPS[of, migrants](acs))
        other, theirs = expected(acs, series, GROUPS[of, others](acs))
        assert_shown_as(row, one - other, acs.error(own - theirs))


def test_the_parity_index_is_a_ratio_with_its_own_error(figures, acs):
    row = figures[0]["US_4_5_1", "P", "FB/NB", "_T", "_T", "RATIO"]
    one, own = expected(acs, "US_4_5_1", GROUPS["P", "FB"](acs))
    other, theirs = expected(acs, "US_4_5_1", GROUPS["P", "NB"](acs))
    assert_shown_as(row, one / other, acs.error(own / other - theirs * one / other**2))
    assert row["UNIT_MEASURE"] == "RT"


@pytest.mark.parametrize("series", SHARES)
def test_health_workers_are_distributed_by_place_of_birth(figures, acs, series):
    workers = health(acs, *SHARES[series]).astype(float)
    for status in ("FB", "NB"):
        value, added = acs.ratio(workers * GROUPS["P", status](acs), workers)
        row = figures[0][series, "P", status, "_T", "_T", "VALUE"]
        assert_shown_as(row, 100 * value, 100 * acs.error(added))


def test_children_and_women_are_groups_of_their_own(figures, acs):
    for status, nativity in (("FB", 2), ("NB", 1)):
        for sex, code in (("F", 2), ("M", 1)):
            group = (nativity == acs.NATIVITY) & (code == acs.SEX) & (acs.AGEP < 18)
            row = figures[0]["SDG_1_2_1", "P", status, sex, "Y0T17", "VALUE"]
            value, added = expected(acs, "SDG_1_2_1", group)
            assert_shown_as(row, value, acs.error(added))


def test_relative_poverty_takes_the_median_of_everyone_and_its_error(figures, acs):
    at_home = acs.TYPEHUGQ == 1
    income, weight = (acs.HINCP / acs.NP)[at_home], acs.weight[at_home]
    order = np.argsort(income, kind="stable")
    reached = np.cumsum(weight[order]) >= 0.5 * weight.sum()
    median = income[order][np.argmax(reached)]
    poor = income < 0.5 * median
    # A higher median raises the line by half as much; both densities are normal kernels of Silverman's width.
    of_median = weight * ((income <= median) - (weight * (income <= median)).sum() / weight.sum())
    of_median /= -weight.sum() * _density(income, weight, median)
    for status, nativity in (("FB", 2), ("NB", 1)):
        group = (nativity == acs.NATIVITY)[at_home]
        size = (weight * group).sum()
        rate = (weight * group * poor).sum() / size
        added = weight * group * (poor - rate) / size
        added = added + 0.5 * of_median * _density(income[group], weight[group], 0.5 * median)
        everyone = np.zeros(len(at_home))
        everyone[at_home] = added
        row = figures[0]["SDG_10_2_1", "P", status, "_T", "_T", "VALUE"]
        assert row["CONTRIBUTORS"] == group.sum()
        assert row["OBS_VALUE"] == pytest.approx(100 * rate, rel=EXACT)
        # The kernel's width is a choice: here each person counts in it, there those of a household as one.
        assert row["SE"] == pytest.approx(100 * acs.error(everyone), rel=1e-3)


def _density(values: np.ndarray, weight: np.ndarray, at: float) -> float:
    mean = np.average(values, weights=weight)
    spread = np.sqrt(np.average((values - mean) ** 2, weights=weight))
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weight[order])
    low, high = (values[order][np.argmax(summed >= share * summed[-1])] for share in (0.25, 0.75))
    size = weight.sum() ** 2 / (weight**2).sum()
    width = 0.9 * min(spread, (high - low) / 1.34) * size**-0.2
    kernel = np.exp(-(((at - values) / width) ** 2) / 2) / np.sqrt(2 * np.pi)
    return float((weight * kernel).sum() / (weight.sum() * width))


def test_figures_below_the_profile_are_flagged_and_not_shown(figures, acs):
    rows, _, _ = figures
    seen = set()
    for series in FIGURES:
        _, pair = FIGURES[series]
        _, lower = pair(acs)
        for (of, status), group in GROUPS.items():
            row = rows.get((series, of, status, "_T", "_T", "VALUE"))
            if row is None:
                continue
            value, added = expected(acs, series, group(acs))
            own = (lower * group(acs)) > 0
            weight = acs.weight[own]
            effective = weight.sum() ** 2 / (weight**2).sum() if own.any() else 0.0
            cv = 100 * acs.error(added) / value if value else 0.0
            wanted = "SUPPRESS" if own.sum() < 30 or effective < 30 or cv > 33.3 else None
            wanted = wanted or ("CAUTION" if cv > 16.6 or cv == 0 else "PUBLISH")
            assert row["VERDICT"] == wanted, (series, status)
            assert (row["OBS_VALUE"] is None) == (wanted == "SUPPRESS")
            seen.add(wanted)
    assert seen == {"PUBLISH", "CAUTION", "SUPPRESS"}


def test_a_gap_is_not_shown_where_one_side_is_not(figures):
    rows, _, _ = figures
    hidden = [row for row in rows.values() if row["FIGURE"] == "DIFFERENCE" and row["VERDICT"] == "SUPPRESS"]
    assert hidden
    assert {row["OBS_VALUE"] for row in hidden} == {None}


def test_ten_or_more_indicators_are_computed_by_migratory_status(figures):
    _, found, report = figures
    computed = {row["indicator"] for row in report if row["outcome"] == "COMPUTED"}
    assert computed == {
        *("1.2.1", "3.7.2", "3.8.1", "3.c.1", "4.1.2", "4.5.1", "5.5.2"),
        *("8.5.1", "8.5.2", "9.2.2", "10.2.1", "11.1.1"),
    }
    assert found.records == 171_796


def test_the_report_says_what_the_survey_does_not_ask(figures):
    outcome = {(row["indicator"], row["series"]): row for row in figures[2]}
    neet = outcome["8.6.1", "SDG_8_6_1"]
    assert (neet["outcome"], neet["missing"]) == ("VARIABLE_MISSING", "in_education_or_training")
    assert outcome["10.7.4", "SDG_10_7_4"]["outcome"] == "NOT_MICRODATA"
    assert outcome["3.8.1", "US_3_8_1_INSURED"]["fits"] == "proxy"
    assert outcome["8.5.1", "SDG_8_5_1"]["not_broken_down"] in (None, "")
