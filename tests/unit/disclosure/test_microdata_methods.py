"""Methods that protect files of persons, and what they cost, by hand."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.microdata import (
    KeyCodes,
    Secret,
    Transitions,
    banded,
    changed_cells,
    coarsened,
    coefficients,
    corrected_counts,
    cut_to_period,
    declared_transitions,
    disclosure_of,
    end_coded,
    group_means,
    key_codes,
    locally_suppressed,
    mapped,
    mdav_groups,
    microaggregation,
    number_losses,
    propensity,
    randomised,
    rounded,
    swapped_households,
    synthesised,
    table_losses,
    with_noise,
    without_replicas,
)
from sojourn.errors import DataRefused, ProjectError

SECRET = Secret(bytes(range(32)))


def column(*values, kind=None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


def test_codes_are_recoded_by_a_map():
    given = column("DEU", "POL", "SYR", None)
    codes = {"DEU": "EU", "POL": "EU"}
    assert mapped(given, codes, others="OTH").to_pylist() == ["EU", "EU", "OTH", None]
    assert mapped(given, codes, keeps_others=True).to_pylist() == ["EU", "EU", "SYR", None]
    with pytest.raises(DataRefused, match="1 records have a value"):
        mapped(given, codes)


def test_ages_are_put_in_bands():
    given = column(0, 14, 15, 64, 65, 99, None)
    assert banded(given, [0, 15, 65]).to_pylist() == ["0-14", "0-14", "15-64", "15-64", "65+", "65+", None]
    assert banded(column(3, 15), [15, 16]).to_pylist() == ["<15", "15"]
    assert banded(column(0.2, 1.5), [0, 0.5]).to_pylist() == ["0-<0.5", "0.5+"]
    with pytest.raises(ProjectError, match="do not rise"):
        banded(given, [15, 15])
    with pytest.raises(DataRefused, match="no numbers"):
        banded(column("a"), [1])


def test_numbers_beyond_an_end_become_their_mean_so_that_the_total_stays():
    found, changed = end_coded(column(1.0, 2.0, 8.0, 10.0, None), highest=5)
    assert found.to_pylist() == [1.0, 2.0, 9.0, 9.0, None]
    assert changed == 2
    assert end_coded(column(1, 2, 9), lowest=3)[0].to_pylist() == [2, 2, 9]


def test_one_record_beyond_an_end_would_stay_what_it_is_and_is_refused():
    with pytest.raises(DataRefused, match="one value"):
        end_coded(column(1, 2, 100), highest=5)
    with pytest.raises(ProjectError, match="No end"):
        end_coded(column(1, 2))


def test_numbers_are_rounded_and_days_become_periods():
    assert rounded(column(14, 15, 25, None), 10).to_pylist() == [10, 20, 20, None]
    with pytest.raises(ProjectError, match="multiples of 0"):
        rounded(column(1), 0)
    days = column(datetime.date(2024, 5, 6), None)
    assert cut_to_period(days, "year").to_pylist() == ["2024", None]
    assert cut_to_period(days, "quarter").to_pylist() == ["2024-Q2", None]
    assert cut_to_period(days, "month").to_pylist() == ["2024-05", None]
    with pytest.raises(DataRefused, match="no days"):
        cut_to_period(column("2024"), "year")
    with pytest.raises(ProjectError, match="no period"):
        cut_to_period(days, "week")


def keys(*rows: tuple[int, ...]) -> KeyCodes:
    codes = np.array(rows, np.int32)
    names = tuple("abcdefgh"[: codes.shape[1]])
    return KeyCodes(names, codes, tuple(pa.array([str(code) for code in range(9)]) for _ in names))


FIVE = keys((1, 1), (2, 1), (1, 2), (2, 1), (1, 2))


@pytest.mark.parametrize(("dear", "lost"), [("a", {"a": 0, "b": 1}), ("b", {"a": 1, "b": 0})])
def test_the_cheaper_of_two_keys_is_emptied(dear, lost):
    # Only the first record is alone; without either key two others agree with it.
    assert locally_suppressed(FIVE, least=2, costs={dear: 5}).by_key == lost


def test_two_cells_are_enough_for_three_records_of_which_each_differs():
    found = locally_suppressed(keys((1, 1), (1, 2), (2, 2)), least=2)
    assert [found.endangered, found.cells] == [3, 2]


def test_a_key_of_infinite_cost_is_kept():
    found = locally_suppressed(keys((1, 1), (2, 1), (2, 2), (1, 2)), least=2, costs={"a": float("inf")})
    assert found.by_key["a"] == 0
    with pytest.raises(DataRefused, match="not enough"):
        locally_suppressed(keys((1, 1), (2, 1), (2, 1)), least=2, costs={"a": float("inf")})


def test_as_a_category_those_who_lose_a_key_are_enough_of_themselves():
    rows = [(1, 1), (1, 1), (1, 2), (1, 3), (2, 9), (2, 9), (2, 9)]
    found = locally_suppressed(keys(*rows[:4], (2, 8), (2, 8), (2, 8)), least=2, missing="category")
    assert found.keys.codes.tolist()[:4] == [[1, 1], [1, 1], [1, -1], [1, -1]]


def test_as_a_category_a_record_left_alone_takes_others_along():
    found = locally_suppressed(keys((1, 1), (1, 1), (1, 1), (2, 2)), least=2, missing="category")
    # Of the three one can be spared: both it and the last lose both keys.
    assert sorted(found.keys.codes.tolist()) == [[-1, -1], [-1, -1], [1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"least": 1}, ProjectError, "protects nobody"),
        ({"least": 9}, DataRefused, "has 5 records"),
        ({"least": 2, "costs": {"z": 1}}, ProjectError, "cost of z"),
        ({"least": 2, "costs": {"a": 0}}, ProjectError, "cost of a"),
        ({"least": 2, "costs": {"a": float("inf"), "b": float("inf")}}, ProjectError, "No key"),
    ],
)
def test_suppression_that_means_nothing_is_refused(settings, error, said):
    with pytest.raises(error, match=said):
        locally_suppressed(FIVE, **settings)


def test_more_records_than_can_be_counted_at_once_are_suppressed_by_fewer_keys(monkeypatch):
    from sojourn.disclosure.microdata import suppression

    random = np.random.default_rng(3)
    many = keys(*map(tuple, random.integers(0, 5, (300, 4))))
    whole = locally_suppressed(many, least=3)
    monkeypatch.setattr(suppression, "_MOST_COUNTS", 1_000)
    assert locally_suppressed(many, least=3).cells == pytest.approx(whole.cells, rel=0.1)


def test_households_at_risk_change_places_first():
    place = np.array([0, 0, 1, 1])
    found = swapped_households(
        place, [np.zeros(4, np.int64)], np.array([False, True, False, False]), np.array([0.1, 0.2, 0.3, 0.4]),
        rate=0.5,
    )  # fmt: skip
    # One pair is half of four households: the one at risk with the first elsewhere.
    assert found.partner.tolist() == [0, 2, 1, 3]
    assert [found.swapped, found.at_risk, found.without_partner] == [2, 1, 0]


def test_a_partner_is_sought_by_the_next_profile_when_the_first_has_none():
    strict, loose = np.array([0, 1]), np.array([0, 0])
    found = swapped_households(
        np.array([0, 1]), [strict, loose], np.array([True, False]), np.array([0.1, 0.2]), rate=0.1
    )
    assert found.partner.tolist() == [1, 0]
    alone = swapped_households(
        np.array([0, 1]), [strict], np.array([True, False]), np.array([0.1, 0.2]), rate=0.1
    )
    assert [alone.swapped, alone.without_partner] == [0, 1]


@pytest.mark.parametrize(("profiles", "rate"), [([np.zeros(2, np.int64)], 0), ([], 0.5)])
def test_swapping_nobody_or_without_profile_is_refused(profiles, rate):
    with pytest.raises(ProjectError):
        swapped_households(np.array([0, 1]), profiles, np.zeros(2, bool), np.array([0.1, 0.2]), rate=rate)


def test_a_chance_decides_what_a_code_becomes():
    matrix = declared_transitions({"x": {"x": 0.7, "y": 0.3}, "y": {"y": 0.9, "x": 0.1}})
    given = column("x", "x", "y", "y", None)
    found = randomised(given, matrix, np.array([0.69, 0.71, 0.09, 0.11, 0.5]))
    assert found.to_pylist() == ["x", "y", "x", "y", None]


def test_counts_are_corrected_by_the_inverse_of_the_matrix():
    matrix = declared_transitions({"x": {"x": 0.8, "y": 0.2}})
    # Of 100 x and 50 y, 80 x and 70 y are expected.
    assert corrected_counts([80, 70], matrix) == pytest.approx([100, 50])


@pytest.mark.parametrize(
    "chances", [{"x": {"x": 0.5}}, {"x": {"x": 1.5, "y": -0.5}}, {"x": {"y": 1.0}, "y": {"y": 1.0}}]
)
def test_chances_that_do_not_add_up_or_cannot_be_undone_are_refused(chances):
    with pytest.raises(ProjectError):
        declared_transitions(chances)


def test_a_code_without_chances_is_refused():
    with pytest.raises(DataRefused, match="does not name"):
        randomised(column("z"), Transitions(("x",), np.ones((1, 1))), np.array([0.5]))


def test_groups_are_of_those_who_are_near():
    values = np.array([[1.0], [2.0], [3.0], [10.0], [11.0], [12.0], [100.0]])
    group = mdav_groups(values, 3)
    # The farthest from the mean takes its two nearest; the four that are left are fewer than two groups.
    assert len({*group[4:]}) == 1
    assert len({*group[:4]}) == 1
    assert group_means(values, group)[:, 0].tolist() == [4.0] * 4 + [41.0] * 3


def test_weighted_means_of_groups_weigh():
    values, group = np.array([[1.0], [4.0], [7.0]]), np.array([0, 0, 1])
    assert group_means(values, group, np.array([2.0, 1.0, 0.0]))[:, 0].tolist() == [2.0, 2.0, 7.0]


def test_many_records_are_grouped_in_blocks_of_which_none_is_too_small(monkeypatch):
    monkeypatch.setattr(microaggregation, "BLOCK", 10)
    values = np.random.default_rng(1).normal(size=(95, 2))
    sizes = np.bincount(mdav_groups(values, 4))
    assert [sizes.sum(), sizes.min() >= 4, sizes.max() <= 7] == [95, True, True]


@pytest.mark.parametrize(
    ("values", "least", "error"),
    [
        (np.ones((3, 1)), 1, ProjectError),
        (np.ones((2, 1)), 3, DataRefused),
        (np.full((3, 1), np.nan), 3, DataRefused),
    ],
)
def test_groups_that_cannot_be_made_are_refused(values, least, error):
    with pytest.raises(error):
        mdav_groups(values, least)


def test_noise_keeps_means_deviations_and_correlations_in_expectation():
    random = np.random.default_rng(2)
    values = random.multivariate_normal([100, 50], [[100, 60], [60, 64]], 50_000)
    found = with_noise(values, random.normal(size=values.shape), share=0.5)
    assert found.mean(axis=0) == pytest.approx(values.mean(axis=0), rel=0.01)
    assert found.std(axis=0) == pytest.approx(values.std(axis=0), rel=0.02)
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(np.corrcoef(values.T)[0, 1], abs=0.02)
    assert np.abs(found - values).mean() > 2


def test_noise_leaves_zeros_and_gaps():
    values = np.array([[0.0], [np.nan], [5.0], [7.0]])
    found = with_noise(values, np.ones((4, 1)), share=0.1)
    assert found[0, 0] == 0
    assert np.isnan(found[1, 0])
    with pytest.raises(ProjectError, match="none"):
        with_noise(values, values, share=0)


def people(size: int = 400) -> pa.Table:
    random = np.random.default_rng(6)
    age = random.integers(0, 90, size)
    return pa.table({
        "age": age,
        "sex": random.choice(["F", "M"], size),
        "income": np.where(age < 15, 0, 1_000 + 20 * age + random.integers(0, 500, size)),
        "status": pa.array(np.where(age < 15, "child", "adult"), mask=random.random(size) < 0.1),
    })  # fmt: skip


def test_synthetic_records_follow_from_the_key_and_not_from_the_order():
    real = people()
    names = ["sex", "age", "status", "income"]
    made = synthesised(real, names, secret=SECRET, smoothed=["income"])
    turned = synthesised(real.take(pa.array(range(399, -1, -1))), names, secret=SECRET, smoothed=["income"])
    assert made.equals(turned)
    assert not made.equals(synthesised(real, names, secret=Secret(b"z" * 32), smoothed=["income"]))
    assert made.schema.types == [real.schema.field(name).type for name in names]


def test_synthetic_records_keep_what_depends_on_what():
    made = synthesised(people(), ["sex", "age", "status", "income"], secret=SECRET, records=600)
    children = [row for row in made.to_pylist() if row["age"] < 10]
    assert len(made) == 600
    assert all(row["income"] == 0 for row in children)
    assert all(row["status"] in ("child", None) for row in children)


def test_synthetic_records_that_equal_a_real_unique_one_are_counted_and_left_out():
    real = pa.table({"a": ["x", "x", "y", "z"], "b": ["1", "1", "2", "3"]})
    made = pa.table({"a": ["x", "y", "z", "w"], "b": ["1", "2", "4", "1"]})
    found = disclosure_of(real, made, ["a"])
    # y and z are alone in both, and of them y is the same in all columns.
    assert [found.real_uniques, found.replicated, found.identical, found.share] == [2, 2, 1, 0.5]
    assert without_replicas(real, made, ["a"])["a"].to_pylist() == ["x", "w"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"smallest_leaf": 1}, ProjectError),
        ({"smallest_leaf": 900}, DataRefused),
        ({"smoothed": ["sex"]}, DataRefused),
    ],
)
def test_synthesis_that_would_copy_is_refused(settings, error):
    with pytest.raises(error):
        synthesised(people(), ["sex", "age"], secret=SECRET, **settings)


def test_cells_that_changed_and_cells_that_were_emptied_are_counted():
    before, after = pa.table({"a": ["x", "y", None, "z"]}), pa.table({"a": ["x", None, "q", "w"]})
    (found,) = changed_cells(before, after, ["a"])
    assert [found.records, found.changed, found.emptied] == [4, 3, 1]
    with pytest.raises(DataRefused):
        changed_cells(before, after.slice(1), ["a"])


def test_coarser_codes_lose_entropy():
    told = coarsened(column("a", "b", "c", "d"), column("x", "x", "y", "y"))
    assert told == {"codes_before": 4.0, "codes_after": 2.0, "entropy_lost": pytest.approx(0.5)}


def test_the_distance_of_tables_is_the_share_that_lies_elsewhere():
    before = pa.table({"a": ["x", "x", "y", "y"], "b": ["1", "2", "1", "2"], "w": [1.0, 1.0, 1.0, 5.0]})
    after = before.set_column(0, "a", pa.array(["x", "x", "x", "y"]))
    one, other, both = table_losses(before, after, ["a", "b"])
    assert [one.distance, other.distance, both.distance] == [0.25, 0.0, 0.25]
    assert both.columns == ("a", "b")
    assert table_losses(before, after, ["a"], weight="w")[0].distance == pytest.approx(1 / 8)


def test_figures_of_numbers_are_told_before_and_after():
    before = pa.table({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
    after = pa.table({"x": [2.0, 2.0, 5.0], "y": [3.0, 2.0, 1.0]})
    losses, apart = number_losses(before, after, ["x", "y"])
    assert [losses[0].before["mean"], losses[0].after["mean"], losses[0].after["median"]] == [2.0, 3.0, 2.0]
    # The correlation was 1 and is -sqrt(3)/2.
    assert apart == pytest.approx(1 + np.sqrt(3) / 2)


def test_coefficients_of_a_line_are_found_before_and_after():
    before = pa.table({"y": [1.0, 3.0, 5.0, 7.1], "x": [0.0, 1.0, 2.0, 3.0], "c": ["p", "p", "p", None]})
    after = before.set_column(0, "y", pa.array([2.0, 4.0, 6.0, 8.1]))
    intercept, slope = coefficients(before, after, "y", ["x"])
    assert [intercept.after - intercept.before, slope.after - slope.before] == pytest.approx([1.0, 0.0])
    assert slope.overlap == pytest.approx(1.0)
    assert intercept.overlap < 0
    with pytest.raises(DataRefused, match="complete"):
        coefficients(before.slice(0, 2), after.slice(0, 2), "y", ["x"])


def test_nobody_can_tell_a_file_from_itself_and_anybody_one_that_is_other():
    table = people()
    assert propensity(table, table, ["sex", "age"]).error == pytest.approx(0, abs=1e-12)
    older = table.set_column(0, "age", pa.array(table["age"].to_numpy() + 60))
    assert propensity(table, older, ["sex", "age"]).ratio > 50


def test_a_correct_synthesis_has_the_expected_propensity_error():
    random = np.random.default_rng(8)
    ratios = []
    for _ in range(60):
        one, other = (
            pa.table({"x": random.normal(size=300), "c": random.choice(["a", "b", "c"], 300)})
            for _ in range(2)
        )
        ratios.append(propensity(one, other, ["x", "c"]).ratio)
    # Three coefficients beside the intercept: the ratio is a mean of three squares. It was derived for a
    # synthesis from the fitted model; of two samples that each vary it is about twice that.
    assert np.mean(ratios) == pytest.approx(2 * 1.0, rel=0.35)


def test_keys_must_be_columns_of_plain_values():
    with pytest.raises(DataRefused, match="no column"):
        key_codes(pa.table({"a": ["x"]}), ["b"])
    with pytest.raises(ProjectError, match="0 keys"):
        key_codes(pa.table({"a": ["x"]}), [])
