"""The model and its weights against Splink 5, which is of other hands, and slips against their definition."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from linkage_records import slips_between
from sojourn.integration.linkage.blocking import Blocks, blocks_of
from sojourn.integration.linkage.chance import MOST_LEVELS, Sample, sample_of
from sojourn.integration.linkage.encoding import Encoded, encoded
from sojourn.integration.linkage.estimation import Chance, maximised
from sojourn.integration.linkage.model import Model, compared, weights_of
from sojourn.integration.linkage.pair_kernel import scored
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Field, Kind

pytestmark = pytest.mark.oracle

PERSONS = 3_000
CODES = {"a": 4, "b": 12, "c": 40, "d": 300}
FIELDS = tuple(Field(name, Kind.CODE, (name,)) for name in (*CODES, "place"))
START_M, START_SHARE = 0.9, 0.1
EVERYTHING = -1e6


def generated() -> pa.Table:
    """Records of persons who stand in the file once or twice, with one code in ten wrong and some missing."""
    rng = np.random.default_rng(11)
    person = np.concatenate([np.arange(PERSONS), np.flatnonzero(rng.random(PERSONS) < 0.6)])
    columns = {"id": [f"{at:06d}" for at in range(len(person))], "person": person}
    for name, many in CODES.items():
        # Squares make low numbers common and high ones rare.
        value = (rng.random(PERSONS) ** 2 * many).astype(int)[person]
        wrong = rng.random(len(person)) < 0.1
        value = np.where(wrong, rng.integers(0, many, len(person)), value)
        missing = rng.random(len(person)) < 0.05
        columns[name] = pa.array([f"v{code}" for code in value], mask=missing)
    columns["place"] = [f"p{code}" for code in rng.integers(0, 150, PERSONS)[person]]
    return pa.table(columns)


@dataclass(frozen=True)
class Case:
    """One file as both read it, and the shares of chance agreement that both are given."""

    table: pa.Table
    records: Encoded
    blocks: Blocks
    u: np.ndarray


@pytest.fixture(scope="module")
def case() -> Case:
    """The generated file, blocked by its place."""
    table = generated()
    records = encoded([table], FIELDS, {field.name: field.name for field in FIELDS})
    blocks = blocks_of(records, BlockRule((BlockKey("place"),)), dedupe=True, pairs_at_most=10**9)
    u = np.zeros((len(FIELDS), MOST_LEVELS, 3))
    for place in range(len(FIELDS)):
        stated = records.codes[:, place][records.codes[:, place] >= 0]
        share = np.bincount(stated) / len(stated)
        agree = float((share**2).sum())
        u[place, 1], u[place, 2] = 1 - agree, agree
    return Case(table, records, blocks, u)


def true_share(case: Case, place: int) -> float:
    """Of the persons who stand in the file twice with a code both times, the share with equal codes."""
    person, codes = case.table["person"].to_numpy(), case.records.codes[:, place]
    second = np.arange(PERSONS, len(person))
    first = person[second]
    stated = (codes[first] >= 0) & (codes[second] >= 0)
    return float((codes[first] == codes[second])[stated].mean())


def splink_linker(case: Case, m: dict[str, float], *, by_value: bool) -> Linker:
    """Splink with one comparison of equal or not for each code, `u` as given."""
    comparisons = []
    for place, name in enumerate(CODES):
        disagree, agree = case.u[place, 1, 0], case.u[place, 2, 0]
        same = {"sql_condition": f"{name}_l = {name}_r", "m_probability": m[name], "u_probability": agree}
        levels = [
            {"sql_condition": f"{name}_l IS NULL OR {name}_r IS NULL", "is_null_level": True},
            same | ({"tf_adjustment_column": name} if by_value else {}),
            {"sql_condition": "ELSE", "m_probability": 1 - m[name], "u_probability": disagree},
        ]
        comparisons.append({"output_column_name": name, "comparison_levels": levels})
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on("place")],
        probability_two_random_records_match=START_SHARE,
        em_convergence=1e-9,
        max_iterations=500,
    )
    api = DuckDBAPI()
    return Linker(api.register(case.table, dataset_display_name="a"), settings, log_level=logging.ERROR)


def test_what_is_learned_is_what_splink_learns_to_four_digits(case: Case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = splink_linker(case, dict.fromkeys(CODES, START_M), by_value=False)
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            block_on("place"), fix_u_probabilities=True
        )
    theirs = {
        comparison.output_column_name: comparison.comparison_levels[1].m_probability
        for comparison in session.core_model_settings.comparisons
    }
    their_share = session.core_model_settings.probability_two_random_records_match
    sample = sample_of(compared(case.records), case.blocks, is_within=True)
    assert sample.counts.sum() == case.blocks.pairs.sum()
    start = np.zeros((len(FIELDS), MOST_LEVELS))
    start[:, 1], start[:, 2] = 1 - START_M, START_M
    # The start counts as one pair besides; against a million copies of the file that is nothing.
    free = np.array([[name in CODES for name in (*CODES, "place")]])
    many, none = Sample(sample.patterns, sample.counts * 1_000_000), Sample(*np.zeros((2, 0), dtype=np.int64))
    m, shares = maximised([many], [none], free, Chance(case.u, case.u, -1), start)
    ours = {name: m[place, 2] for place, name in enumerate(CODES)}
    for place, name in enumerate(CODES):
        print(
            f"{name}: here {ours[name]:.5f}, Splink {theirs[name]:.5f}, truth {true_share(case, place):.5f}"
        )
    for name in CODES:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-4)
    assert shares[0] == pytest.approx(their_share, abs=1e-4)
    for place, name in enumerate(CODES):
        assert ours[name] == pytest.approx(true_share(case, place), abs=0.04)


def test_every_pair_weighs_what_splink_says_with_rare_values_to_four_digits(case: Case):
    m = {"a": 0.85, "b": 0.82, "c": 0.8, "d": 0.79}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = splink_linker(case, m, by_value=True)
        found = linker.inference.predict().as_pyarrow_table()
    prior = np.log2(START_SHARE / (1 - START_SHARE))
    theirs = {
        tuple(sorted((int(one), int(other)))): weight - prior
        for one, other, weight in zip(
            *(found[name].to_pylist() for name in ("id_l", "id_r", "match_weight")), strict=True
        )
    }
    learned = np.zeros((len(FIELDS), MOST_LEVELS))
    for place, name in enumerate(CODES):
        learned[place, 1], learned[place, 2] = 1 - m[name], m[name]
    # The place was asked to agree: it must say nothing here, as Splink is not asked about it.
    u = case.u.copy()
    learned[-1, 1:3], u[-1, 1:3] = 0.5, 0.5
    whole = np.zeros_like(u)
    whole[:-1, 2] = 1.0
    model = Model(learned, u, whole, np.zeros_like(u), np.array([0.1]))
    weights = weights_of(case.records, model)
    ones, others, scores = scored(
        compared(case.records), weights, case.blocks.records, case.blocks.starts, True, EVERYTHING
    )
    assert len(ones) == len(theirs) > 10_000
    ours = np.array(scores, dtype=np.float64)
    expected = np.array([theirs[pair] for pair in zip(ones.tolist(), others.tolist(), strict=True)])
    assert np.abs(ours - expected).max() < 1e-4
    assert expected.std() > 1


def slips_by_definition(one: str, other: str) -> int:
    """The optimal string alignment distance, cell by cell of its table."""
    table = [[max(row, column) for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            differ = one[row - 1] != other[column - 1]
            least = min(
                table[row - 1][column] + 1, table[row][column - 1] + 1, table[row - 1][column - 1] + differ
            )
            if row > 1 and column > 1 and one[row - 2 : row] == other[column - 2 : column][::-1]:
                least = min(least, table[row - 2][column - 2] + 1)
            table[row][column] = least
    return table[-1][-1]


def test_slips_are_those_of_the_table_for_texts_of_up_to_sixty_letters():
    rng = np.random.default_rng(3)
    for _ in range(3_000):
        # Three letters only, so that swaps and repeats are many.
        one, other = ("".join(rng.choice(list("abc"), rng.integers(0, 61))) for _ in range(2))
        if rng.random() < 0.5:
            kept = list(one)
            for at in rng.integers(0, max(len(kept) - 1, 1), 3):
                kept[at : at + 2] = kept[at : at + 2][::-1]
            other = "".join(kept)
        assert slips_between(one, other) == slips_by_definition(one, other), (one, other)
    assert slips_between("a" * 61, "a" * 61) == 99
