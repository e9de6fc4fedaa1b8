"""Risk of files beside published numbers.

Source: tests and vignettes of the R package sdcMicro (sdcTools/sdcMicro, test_indivRisk.R, test_freqCalc.R,
test_suda2.R, test_ldiversity.R and sdc_guidelines.rnw, as of 2026-09), which holds its results to these.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.microdata import (
    agreeing_sums,
    file_risk,
    individual_risk,
    intrusion_scores,
    key_codes,
    locally_suppressed,
    patterns_of,
    special_uniques,
)

pytestmark = pytest.mark.oracle
WEIGHTS = [18.0, 45.5, 39.0, 17.0, 92.0, 8.0, 123.5, 51.0]
WHOLE = {"A": [2, 3, 2, 2, 3, 3, 1, 2], "B": [3, 3, 3, 3, 3, 3, 4, 3], "C": [1, 3, 1, 2, 1, 1, 1, 1]}
GAPS = {"A": [2, 3, 2, 2, 3, 3, 1, None], "B": [3, 3, 3, 3, 3, 3, 4, 3], "C": [1, 3, None, 2, 1, 1, None, 1]}


def agreeing(columns: dict, weights: list[float]) -> np.ndarray:
    """Records that agree with each record, and their weight."""
    found = patterns_of(key_codes(pa.table(columns), list(columns)).codes)
    amounts = np.column_stack([found.records, np.bincount(found.of_record, weights)])
    return agreeing_sums(found.codes, amounts)[found.of_record]


@pytest.mark.parametrize(
    ("columns", "theirs"),
    [
        (WHOLE, [
            0.01355297, 0.08579129, 0.01355297, 0.17707583, 0.01877883, 0.01877883, 0.03931625, 0.01355297,
        ]),
        (
            GAPS,
            [
                0.013552968, 0.085791288, 0.010504889, 0.032466112, 0.009756889, 0.009756889, 0.039316254,
                0.005962551,
            ],
        ),
    ],
    ids=["all keys known", "keys missing"],
)  # fmt: skip
def test_individual_risk_is_sdcmicros_exact_method(columns, theirs):
    sums = agreeing(columns, WEIGHTS)
    assert individual_risk(sums[:, 0], sums[:, 1]) == pytest.approx(theirs, rel=1e-6)


def test_risk_of_a_census_is_one_over_those_who_agree_as_sdcmicro_says():
    sums = agreeing(GAPS, [1.0] * 8)
    theirs = [1 / 3, 1, 1 / 4, 1 / 2, 1 / 3, 1 / 3, 1, 1 / 5]
    assert individual_risk(sums[:, 0], sums[:, 1]) == pytest.approx(theirs, rel=1e-12)


def test_suppression_empties_the_cell_that_sdcmicro_empties():
    five = pa.table({
        "region": ["A"] * 5,
        "status": ["single", "married", "married", "single", "widow"],
        "agegroup": ["5"] * 5,
    })  # fmt: skip
    keys = key_codes(five, ["region", "status", "agegroup"])
    found = locally_suppressed(keys, least=2)
    assert found.cells == 1
    assert found.keys.text(1).to_pylist() == ["single", "married", "married", "single", None]
    own = patterns_of(found.keys.codes)
    counts = agreeing_sums(own.codes, own.records[:, None].astype(float))[own.of_record, 0]
    assert counts.tolist() == [3, 3, 3, 3, 5]


def scores(*columns: list) -> list[float]:
    table = pa.table({str(place): list(map(str, column)) for place, column in enumerate(columns)})
    return special_uniques(key_codes(table, table.column_names).codes, fraction=0.01).scores.tolist()


def test_scores_of_the_guideline_example_are_elliots():
    residence = ["Urban"] * 4 + ["Rural"] + ["Urban"] * 5
    gender = list("FFFMFMFMFF")
    education = ["si", "si", "pi", "sc", "sc", "sc", "pc", "ps", "si", "si"]
    labour = ["E", "E", "N", "E", "U", "E", "N", "U", "N", "N"]
    assert scores(residence, gender, education, labour) == [0, 0, 6, 0, 12, 0, 6, 10, 0, 0]


def test_scores_of_the_book_example():
    age = ["20s"] * 7 + ["60s"]
    gender = ["m"] * 4 + ["f"] * 3 + ["m"]
    income = ["50+"] * 2 + ["50-"] * 6
    education = ["high"] * 4 + ["university", "high", "middle", "university"]
    assert scores(age, gender, income, education)[4:] == [4, 2, 6, 8]


def test_contributions_of_keys_to_all_scores():
    table = pa.table({"a": ["2", "1", "1"], "b": ["0", "3", "0"], "c": ["0", "6", "0"]})
    found = special_uniques(key_codes(table, ["a", "b", "c"]).codes, fraction=0.01)
    assert found.contributions == pytest.approx((0.5, 0.375, 0.375))


def test_scores_become_the_published_intrusion_scores():
    # Four records are unique, four come in twos, one in a hundred of the population is in the file.
    given = np.array([0, 0, 0, 2.25, 1.75, 1.0, 2.25, 0])
    found = intrusion_scores(given, unique=4, in_pairs=4, fraction=0.01, keys=4)
    assert np.round(found, 4).tolist() == [0, 0, 0, 0.0149, 0.0111, 0.0057, 0.0149, 0]


def test_diversity_of_the_guideline_example(engine):
    table = pa.table({
        "sex": ["1", "1", "1", "1", "2", "2"],
        "race": ["1", "1", "1", "2", "2", "2"],
        "sens": ["50", "50", "42", "42", "62", "62"],
    })  # fmt: skip
    found = file_risk(engine.relation(table), keys=["sex", "race"], sensitive=["sens"], levels=[2, 3])
    assert [(each.below, each.records) for each in found.too_few] == [(2, 1), (3, 3)]
    (own,) = found.diversity
    # Two different values among the first three, one with the fourth, one with the last two.
    assert [(each.below, each.records) for each in own.too_few] == [(2, 3), (3, 6)]
    assert own.smallest == 1
