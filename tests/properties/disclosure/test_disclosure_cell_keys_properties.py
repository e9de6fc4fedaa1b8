"""Cell keys for any records: beside a plain definition, whatever the order, the threads and the table."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from sojourn.disclosure.cell_keys import (
    Epoch,
    NoiseSettings,
    keyed_cells,
    perturbation_table,
    perturbed_counts,
    record_keys,
)
from sojourn.disclosure.cell_keys.entropy import Noise, variances_possible
from sojourn.engine import Engine
from sojourn.errors import ProjectError

NAMES = ("area", "sex", "status")
NOISE = perturbation_table(NoiseSettings(5, 3.0, 2))
CODES = st.sampled_from(["a", "b", "c", None])
RECORDS = st.lists(st.tuples(CODES, CODES, CODES, st.integers(0, 2**32 - 1)), min_size=1, max_size=60)


def as_defined(records, names=NAMES):
    """By cell: its records are those that have its codes; its key is their sum, by hand."""
    found = {}
    for total in itertools.product([False, True], repeat=len(names)):
        for record in records:
            codes = [record[NAMES.index(name)] or "_U" for name in names]
            cell = tuple("_T" if is_total else code for is_total, code in zip(total, codes, strict=True))
            found.setdefault(cell, []).append(record[-1])
    return {cell: _changed(len(keys), sum(keys) % 2**32) for cell, keys in found.items()}


def _changed(units, key):
    for row in NOISE.to_arrow().to_pylist():
        if row["row"] == min(units, 8) and row["lower"] <= key < row["upper"]:
            return units + row["change"]
    raise AssertionError("No interval holds the key.")


def perturbed(engine, records, names=NAMES):
    columns = dict(zip((*NAMES, "record_key"), zip(*records, strict=True), strict=True))
    types = [pa.string()] * 3 + [pa.uint32()]
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in zip(columns, types, strict=True)})
    cells = keyed_cells(engine.relation(table), dimensions=names)
    return {row[:-1]: row[-1] for row in perturbed_counts(cells, dimensions=names, noise=NOISE).rows()}


@pytest.fixture(scope="module")
def engines():
    with Engine(threads=1) as one, Engine(threads=2) as two:
        yield one, two


@settings(max_examples=20)
@given(RECORDS, st.randoms(use_true_random=False))
def test_cells_are_as_defined_whatever_order_and_threads(engines, records, shuffle):
    expected = as_defined(records)
    assert perturbed(engines[0], records) == expected
    shuffle.shuffle(records)
    assert perturbed(engines[1], records) == expected


@settings(max_examples=8)
@given(RECORDS)
def test_the_same_cell_has_the_same_value_in_every_table(engines, records):
    whole = perturbed(engines[0], records)
    for names in (("status", "area"), ("sex",), ()):
        for cell, value in perturbed(engines[0], records, names).items():
            codes = dict(zip(names, cell, strict=True))
            assert whole[tuple(codes.get(name, "_T") for name in NAMES)] == value


@settings(max_examples=12)
@given(
    st.integers(1, 6), st.integers(0, 3), st.floats(0.05, 0.95), st.sampled_from([0.0, 0.2]), st.booleans()
)
def test_any_possible_noise_is_unbiased_bounded_and_adds_up(largest, forbidden, place, stay, is_monotone):
    forbidden = min(forbidden, max(0, largest - 2))
    # What is possible depends on all five: it is asked for, and some noise in between is taken.
    free = [
        variances_possible(Noise(_reached(count, largest, forbidden), stay, is_monotone))
        for count in range(1, largest + forbidden + 2)
    ]
    least, most = max(low for low, _ in free), min(high for _, high in free)
    variance = least + place * (most - least)
    if least >= most or variance <= 0:
        return
    try:
        wanted = NoiseSettings(largest, variance, forbidden, stay, is_monotone)
    except ProjectError as refused:
        raise AssertionError("Noise that is possible was refused.") from refused
    for count, row in perturbation_table(wanted).probabilities().items():
        assert sum(row.values()) == 1.0
        assert abs(sum(change * share for change, share in row.items())) < 1e-6
        assert abs(sum(change**2 * share for change, share in row.items()) - variance) < 1e-5
        assert all(abs(change) <= largest and not 1 <= count + change <= forbidden for change in row)
        if count > forbidden:
            assert row.get(0, 0.0) >= stay - 1e-6


def _reached(count, largest, forbidden):
    reached = np.arange(max(count - largest, 0), count + largest + 1)
    return reached[(reached == 0) | (reached > forbidden)] - count


def test_changes_of_a_million_cells_are_those_of_the_declared_table():
    draw = np.random.default_rng(41)
    sizes = np.tile(np.arange(1, 13), 100_000)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    keys = np.add.reduceat(draw.integers(0, 2**32, int(sizes.sum())), starts) % 2**32
    changes = NOISE.changes(sizes, keys)
    assert len(changes) == 1_200_000
    likely = NOISE.probabilities()
    worst = 1.0
    for count in range(1, 13):
        row = likely[min(count, NOISE.rows)]
        found = changes[sizes == count]
        seen = np.array([(found == change).sum() for change in row])
        assert seen.sum() == len(found)
        worst = min(worst, chisquare(seen, np.array(list(row.values())) * len(found)).pvalue)
    assert worst > 0.001 / 12  # twelve tests at once
    published = sizes + changes
    assert not np.isin(published, [1, 2]).any()
    assert published.min() == 0
    assert np.abs(changes).max() == 5
    # The mean has an error of sqrt(3 / 1,200,000), the variance about 3 * sqrt(2 / 1,200,000).
    assert abs(changes.mean()) < 4 * np.sqrt(3 / len(changes))
    assert abs(changes.var() - 3) < 4 * 3 * np.sqrt(2 / len(changes))


def test_record_keys_are_spread_evenly_over_all_numbers():
    units = pa.array(np.arange(200_000)).cast(pa.string())
    keys = record_keys(units, epoch=Epoch("2026-1", bytes(32))).to_numpy().astype(np.uint32)
    for bits in (keys >> 24, keys & 255, (keys >> 12) & 255):
        assert chisquare(np.bincount(bits, minlength=256)).pvalue > 0.001
