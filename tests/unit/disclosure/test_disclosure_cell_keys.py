"""Cell keys on cases small enough to work out by hand."""

from __future__ import annotations

import hashlib
import hmac
import pickle

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.cell_keys import (
    HOUSEHOLD,
    Epoch,
    NoiseSettings,
    PerturbationTable,
    keyed_cells,
    perturbation_table,
    perturbed_counts,
    perturbed_table,
    record_keys,
    table_of_columns,
    with_record_keys,
)
from sojourn.errors import ContractBroken, DataRefused, ProjectError

SALT = bytes(range(32))
EPOCH = Epoch("2026-1", SALT)
# Counts of one become none or two, of two and more one less or one more, by half of the keys each.
HALVES = PerturbationTable(
    np.array([1, 1, 2, 2]), np.array([2**31, 2**32, 2**31, 2**32]), np.array([-1, 1, -1, 1])
)


def records(engine, *rows):
    """Records of an area, a sex and a key."""
    area, sex, key = zip(*rows, strict=True)
    return engine.relation(pa.table({"area": area, "sex": sex, "record_key": pa.array(key, pa.uint32())}))


def test_a_record_key_is_the_hmac_of_kind_and_identifier_under_the_salt():
    found = record_keys(pa.array(["a-1", "a1", "ß"]), epoch=EPOCH).to_pylist()
    told = [
        hmac.new(SALT, f"cell-keys|2026-1|person|{unit}".encode(), hashlib.sha256).digest()[:4]
        for unit in ("a-1", "a1", "ß")
    ]
    assert found == [int.from_bytes(digest, "big") for digest in told]


def test_persons_and_households_have_keys_of_their_own():
    units = pa.array(["17", "18"])
    persons, households = (record_keys(units, epoch=EPOCH, kind=kind) for kind in ("person", HOUSEHOLD))
    assert not set(persons.to_pylist()) & set(households.to_pylist())
    assert record_keys(pa.array([17, 18]), epoch=EPOCH) == persons  # whole numbers are their digits


def test_another_epoch_or_salt_makes_every_key_anew():
    units = pa.array([str(number) for number in range(100)])
    first = record_keys(units, epoch=EPOCH).to_pylist()
    for other in (Epoch("2027-1", SALT), Epoch("2026-1", SALT[::-1])):
        assert not set(first) & set(record_keys(units, epoch=other).to_pylist())


@pytest.mark.parametrize("unit", [None, ""])
def test_records_without_an_identifier_are_refused_with_what_to_do(engine, unit):
    units = pa.table({"person_key": ["p1", unit, unit]})
    with pytest.raises(DataRefused, match=r"records have no identifier of their person[\s\S]*leave out"):
        record_keys(units["person_key"], epoch=EPOCH)
    with pytest.raises(DataRefused, match="have no identifier"):
        with_record_keys(engine.relation(units), epoch=EPOCH)


def test_every_record_of_a_person_has_the_persons_key(engine):
    found = with_record_keys(engine.relation(pa.table({"person_key": ["p1", "p2", "p1"]})), epoch=EPOCH)
    keys = dict(found.rows("person_key", "record_key"))
    assert found.count() == 3
    assert list(keys.values()) == record_keys(pa.array(list(keys)), epoch=EPOCH).to_pylist()


def test_what_cannot_be_a_kind_or_an_epoch_is_refused(engine):
    with pytest.raises(ProjectError, match="is no kind of unit"):
        record_keys(pa.array(["1"]), epoch=EPOCH, kind="a|b")
    with pytest.raises(ProjectError, match="fewer than 256 bits"):
        Epoch("2026-1", b"short")
    with pytest.raises(ProjectError, match="needs a name without"):
        Epoch("2026|1", SALT)
    with pytest.raises(ProjectError, match="have no column person_key"):
        with_record_keys(records(engine, ("n", "f", 1)), epoch=EPOCH)


@pytest.mark.parametrize("count", range(1, 9))
def test_noise_has_mean_zero_its_variance_and_reaches_nothing_forbidden(count):
    row = perturbation_table(NoiseSettings(5, 3.0, 2)).probabilities()[count]
    assert sum(row.values()) == 1.0  # the intervals add up to all keys exactly
    assert sum(change * share for change, share in row.items()) == pytest.approx(0, abs=1e-8)
    assert sum(change**2 * share for change, share in row.items()) == pytest.approx(3, abs=1e-7)
    assert all(count + change == 0 or count + change > 2 for change in row)
    assert max(map(abs, row)) <= 5


def test_with_monotony_a_farther_smaller_number_is_never_likelier():
    # Methods reference, section 4.1.3: the count of four becomes three or four with 0.2779 each; freely
    # 0.2893 and 0.2658.
    held = perturbation_table(NoiseSettings(5, 3.0, 2)).probabilities()[4]
    free = perturbation_table(NoiseSettings(5, 3.0, 2, is_monotone=False)).probabilities()[4]
    assert (round(held[-1], 4), round(held[0], 4)) == (0.2779, 0.2779)
    assert (round(free[-1], 4), round(free[0], 4)) == (0.2893, 0.2658)


def test_the_only_noise_there_is_is_found_at_the_edge_of_what_is_possible():
    # Within ±2 and without forbidden counts the count of 1 becomes 0 (2/3) or 3 (1/3) at the variance of 2.
    noise = perturbation_table(NoiseSettings(2, 2.0, is_monotone=False)).probabilities()
    assert noise[1] == {-1: pytest.approx(2 / 3), 2: pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((5, 30.0, 2), r"take a variance from 2 to 5, or a larger change"),
        ((5, 1.0, 2), r"take a variance from 2 to 5, or fewer forbidden counts"),
        ((2, 3.0, 2), r"one count needs 2 or more, another 0 at most[\s\S]*Take a larger change"),
        ((1, 1.0, 2), r"counts would be too low on average[\s\S]*the largest change is 2 or more"),
        ((3, 0.5, 0, 0.9), r"take a variance from 0 to 0\.3, or a larger change"),
        ((0, 1.0), r"largest change of a count is out of range"),
        ((3, 0.0), r"variance of noise is a positive number"),
        ((3, 1.0, -1), r"Forbidden counts cannot be fewer than none"),
    ],
)
def test_settings_that_no_noise_can_have_are_refused_with_those_that_it_could(settings, said):
    with pytest.raises(ProjectError, match=said):
        NoiseSettings(*settings)


def test_what_is_offered_instead_is_possible():
    for variance in (2.0, 4.9999):
        assert perturbation_table(NoiseSettings(5, variance, 2)).rows == 8


def test_a_cell_key_is_the_sum_of_its_record_keys_and_totals_add_keys_up(engine):
    given = records(engine, ("n", "f", 2**32 - 1), ("n", "f", 5), ("n", None, 7), ("s", "m", 11))
    found = {row[:2]: row[2:] for row in keyed_cells(given, dimensions=["area", "sex"]).rows()}
    assert found == {
        ("n", "f"): (2, 4),  # 2**32 - 1 + 5 = 2**32 + 4
        ("n", "_U"): (1, 7),
        ("s", "m"): (1, 11),
        ("n", "_T"): (3, 11),
        ("s", "_T"): (1, 11),
        ("_T", "f"): (2, 4),
        ("_T", "_U"): (1, 7),
        ("_T", "m"): (1, 11),
        ("_T", "_T"): (4, 22),
    }


def test_a_total_is_looked_up_and_not_the_sum_of_its_parts(engine):
    half = 2**31
    given = records(engine, ("n", "f", 1), ("n", "f", 1), ("s", "f", 1), ("s", "f", 1), ("w", "f", half))
    cells = keyed_cells(given, dimensions=["area"])
    found = dict(perturbed_counts(cells, dimensions=["area"], noise=HALVES).rows())
    # Keys 2, 2 and 2**31: less, less, more; their total has 2**31 + 4, which is more.
    assert found == {"n": 1, "s": 1, "w": 2, "_T": 6}


def test_only_the_listed_totals_are_made(engine):
    given = records(engine, ("n", "f", 1), ("s", "m", 1))
    found = keyed_cells(given, dimensions=["area", "sex"], margins=[("sex",)])
    assert sorted(row[:2] for row in found.rows()) == [("n", "_T"), ("n", "f"), ("s", "_T"), ("s", "m")]


def test_a_cell_that_became_zero_has_no_row(engine):
    found = perturbed_table(
        records(engine, ("n", "f", 1), ("s", "f", 2**31)), dimensions=["area"], noise=HALVES, margins=[]
    )
    assert found.table.rows() == [("s", 2)]  # the north was one, and is none


def test_the_whole_country_is_a_cell_too(engine):
    cells = keyed_cells(records(engine, ("n", "f", 1), ("s", "m", 2)), dimensions=[])
    assert cells.rows() == [(2, 3)]


def test_no_records_make_no_cells(engine):
    given = records(engine, ("n", "f", 1))
    nobody = engine.query("SELECT * FROM records WHERE area = 'x'", {"records": given})
    assert keyed_cells(nobody, dimensions=["area"]).rows() == []
    assert keyed_cells(nobody, dimensions=[]).rows() == []


def test_records_that_cannot_be_perturbed_are_refused(engine):
    given = records(engine, ("n", "f", None), ("s", "_T", 1))
    with pytest.raises(DataRefused, match="1 records have no key"):
        keyed_cells(given, dimensions=["area"])
    with pytest.raises(ContractBroken, match="code of totals, _T, in sex"):
        keyed_cells(records(engine, ("s", "_T", 1)), dimensions=["area", "sex"])
    with pytest.raises(ProjectError, match="have no column region"):
        keyed_cells(given, dimensions=["region"])
    with pytest.raises(ProjectError, match="named twice"):
        keyed_cells(given, dimensions=["area", "area"])
    with pytest.raises(ProjectError, match="which is no dimension"):
        keyed_cells(given, dimensions=["area"], margins=[("sex",)])
    with pytest.raises(ProjectError, match="are no whole numbers"):
        keyed_cells(engine.relation(pa.table({"area": ["n"], "record_key": [0.5]})), dimensions=["area"])


def test_a_table_of_ptable_is_read_from_its_file():
    # `pt_export` writes a row for zero, and probabilities that digits make a little uneven.
    given = pa.table({"i": [0, 1, 1, 2, 2], "v": [0, -1, 1, -2, 2], "p_int_ub": [1.0, 0.5, 1.0, 0.25, 1.0]})
    found = table_of_columns(given)
    assert found.probabilities() == {1: {-1: 0.5, 1: 0.5}, 2: {-2: 0.25, 2: 0.75}}
    assert found.changes(np.array([0, 1, 1, 900]), np.array([0, 2**31 - 1, 2**31, 0])).tolist() == [
        0,
        -1,
        1,
        -2,
    ]


def test_a_rearranged_table_with_an_interval_twice_is_read_too():
    given = pa.table({"i": [1, 1, 1], "v": [1, -1, 1], "p_int_ub": [0.25, 0.75, 1.0]})
    assert table_of_columns(given).probabilities() == {1: {1: 0.5, -1: 0.5}}


def test_keys_beyond_those_of_a_table_are_taken_by_their_remainder():
    count, key = np.repeat([1, 2], 4), np.tile(range(4), 2)
    found = table_of_columns(pa.table({"pcv": count, "ckey": key, "pvalue": [0, 0, 1, -1, 0, 1, -1, 0]}))
    assert found.changes(np.full(8, 1), np.arange(8)).tolist() == [0, 0, 1, -1, 0, 0, 1, -1]
    assert found.changes(np.array([2, 3, 99]), np.full(3, 5)).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"i": [1], "change": [0]}, "The file is no perturbation table"),
        ({"i": [0, 1], "v": [1, 0], "p_int_ub": [1.0, 1.0]}, "changes zeros"),
        ({"i": [1, 3], "v": [0, 0], "p_int_ub": [1.0, 1.0]}, "lacks the row of a count"),
        ({"i": [1, 1], "v": [0, 1], "p_int_ub": [0.5, 0.9]}, "do not cover every key"),
        ({"i": [1], "v": [-2], "p_int_ub": [1.0]}, "makes a count negative"),
        ({"i": [1], "v": [0.5], "p_int_ub": [1.0]}, "The column v holds fractions"),
        ({"i": [1, None], "v": [0, 0], "p_int_ub": [1.0, 1.0]}, "The column i has an empty cell"),
        ({"i": [0], "v": [0], "p_int_ub": [1.0]}, "has no row"),
    ],
)
def test_a_file_that_is_no_sound_table_is_refused(columns, said):
    with pytest.raises(DataRefused, match=said):
        table_of_columns(pa.table(columns))


def test_nothing_secret_is_shown_or_written(engine):
    settings = NoiseSettings(5, 3.0, 2)
    found = perturbed_table(
        records(engine, ("n", "f", 123456)),
        dimensions=["area"],
        noise=perturbation_table(settings),
        epoch=EPOCH,
    )
    for secret in (EPOCH, settings, perturbation_table(settings), found.secret):
        for text in (repr(secret), str(secret), f"{secret}", f"{secret!r}"):
            assert text == f"<{type(secret).__name__}: not shown>"
        with pytest.raises(TypeError, match="is secret"):
            pickle.dumps(secret)
    assert found.report.keys() == {"method", "meaning", "dimensions"}
    assert not any(letter.isdigit() for letter in repr(found.report))
    assert found.secret.opened()["epoch"] == "2026-1"
