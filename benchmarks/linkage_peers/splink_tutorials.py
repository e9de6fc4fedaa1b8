"""Splink as its published demonstrations use it: SET TARGET [--blanks-are-missing].

SET is febrl3, febrl4, fake_1000 or historical_50k. TARGET becomes a Parquet file of all candidate pairs with
a match weight of at least -10: `id_l`, `id_r` (text) and `weight`. What is said is JSON.

Settings follow the notebooks of github.com/moj-analytical-services/splink, folder docs/demos, in the form
that they have for version 5 (files *.nb.py). Departures, the same for every set: pairs are kept down to a
weight of -10 rather than to a probability; columns that only charts need are left out, which makes Splink
faster; every draw has a seed, so that a run can be repeated.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow.compute as pc
import splink.comparison_library as cl
from splink import ColumnExpression, DuckDBAPI, Linker, SettingsCreator, block_on
from tutorial_data import FILES, TutorialData, tutorial_data

LOWEST_WEIGHT = -10.0
SEED = 2  # the seed of the FEBRL 3 notebook


@dataclass(frozen=True)
class Tutorial:
    """What a notebook declares."""

    comparisons: Sequence[object]
    blocking: Sequence[object]
    deterministic: Sequence[object]
    recall: float
    pairs_for_u: float
    training: Sequence[object]
    em_without_term_frequencies: bool


def febrl3() -> Tutorial:
    """docs/demos/examples/duckdb/febrl3.nb.py, "Deduplicating the febrl3 dataset"."""
    return Tutorial(
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
        blocking=[
            block_on(column)
            for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        deterministic=[
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
            "l.given_name = r.surname AND l.surname = r.given_name AND l.date_of_birth = r.date_of_birth",
        ],
        recall=0.9,
        pairs_for_u=1e6,
        training=[block_on("date_of_birth"), block_on("postcode")],
        em_without_term_frequencies=False,
    )


def febrl4() -> Tutorial:
    """docs/demos/examples/duckdb/febrl4.nb.py, "Linking the febrl4 datasets", the detailed model."""
    return Tutorial(
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
        blocking=[
            block_on("given_name", "surname"),
            "l.given_name = r.surname AND l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        deterministic=[block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")],
        recall=0.8,
        pairs_for_u=1e6,
        training=[block_on("date_of_birth"), block_on("postcode")],
        em_without_term_frequencies=True,
    )


def fake_1000() -> Tutorial:
    """docs/demos/tutorials: the model of 04_Estimating_model_parameters, the blocking of 07_Evaluation.

    The latter loosens the former's blocking "to achieve decent recall" before it measures.
    """
    return Tutorial(
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.LevenshteinAtThresholds(ColumnExpression("dob").cast_to_string(), 1),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking=[block_on(column) for column in ("first_name", "city", "email", "dob")],
        deterministic=[
            block_on("first_name", "dob"),
            "l.first_name = r.first_name AND levenshtein(r.surname, l.surname) <= 2",
            block_on("email"),
        ],
        recall=0.7,
        pairs_for_u=2e6,
        training=[block_on("first_name", "surname"), block_on("dob")],
        em_without_term_frequencies=False,
    )


def historical_50k() -> Tutorial:
    """docs/demos/examples/duckdb/deduplicate_50k_synthetic.nb.py, "real historical persons"."""
    area = "substr(postcode_fake, 1, 3)"
    return Tutorial(
        comparisons=[
            cl.ForenameSurnameComparison(
                "first_name", "surname", forename_surname_concat_col_name="first_name_surname_concat"
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ],
        blocking=[
            block_on("substr(first_name, 1, 3)", "substr(surname, 1, 4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on(area, "dob"),
            block_on(area, "first_name"),
            block_on(area, "surname"),
            block_on("substr(first_name, 1, 2)", "substr(surname, 1, 2)", "substr(dob, 1, 4)"),
        ],
        deterministic=[
            block_on("first_name", "surname", "dob"),
            block_on("substr(first_name, 1, 2)", "surname", "substr(postcode_fake, 1, 2)"),
            block_on("dob", "postcode_fake"),
        ],
        recall=0.6,
        pairs_for_u=1e7,
        training=[block_on("first_name", "surname"), block_on("dob")],
        em_without_term_frequencies=True,
    )


TUTORIALS = {"febrl3": febrl3, "febrl4": febrl4, "fake_1000": fake_1000, "historical_50k": historical_50k}


def linked(tutorial: Tutorial, data: TutorialData, target: str) -> int:
    """Train the model, write the pairs, and return how many pairs the blocking gave."""
    engine = duckdb.connect()
    api = DuckDBAPI(connection=engine)
    tables = [
        api.register(table, dataset_display_name=name) for name, table in zip("ab", data.tables, strict=False)
    ]
    settings = SettingsCreator(
        link_type="dedupe_only" if len(tables) == 1 else "link_only",
        unique_id_column_name=data.identifier,
        comparisons=tutorial.comparisons,
        blocking_rules_to_generate_predictions=tutorial.blocking,
    )
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=logging.WARNING)
    training = linker.training
    training.estimate_probability_two_random_records_match(tutorial.deterministic, recall=tutorial.recall)
    training.estimate_u_using_random_sampling(max_pairs=tutorial.pairs_for_u, seed=SEED)
    for rule in tutorial.training:
        training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=tutorial.em_without_term_frequencies
        )
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    ((candidates,),) = engine.sql(f"SELECT count(*) FROM {blocked.physical_name}").fetchall()
    pairs = linker.inference.predict(threshold_match_weight=LOWEST_WEIGHT)
    left, right = f"{data.identifier}_l", f"{data.identifier}_r"
    engine.execute(
        # Sums differ in the last digit from run to run; equal pairs must stay equal for ties to be settled.
        f"COPY (SELECT {left}::VARCHAR AS id_l, {right}::VARCHAR AS id_r, round(match_weight, 9) AS weight"
        f" FROM {pairs.physical_name}) TO '{target}' (FORMAT parquet)"
    )
    return int(candidates)


def with_whole_names(data: TutorialData) -> TutorialData:
    """The same with first name and surname in one column, which term frequencies of the whole name need."""
    named = [
        records.append_column(
            "first_name_surname_concat",
            pc.binary_join_element_wise(records["first_name"], records["surname"], " "),
        )
        for records in data.tables
    ]
    return TutorialData(named, data.identifier)


def main() -> None:
    """Link one set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("set", choices=list(FILES))
    parser.add_argument("target")
    parser.add_argument(
        "--blanks-are-missing", action="store_true", help="FEBRL: a blank is a gap, not a value"
    )
    arguments = parser.parse_args()
    data = tutorial_data(arguments.set, blanks_are_missing=arguments.blanks_are_missing)
    if arguments.set == "historical_50k":
        data = with_whole_names(data)
    candidates = linked(TUTORIALS[arguments.set](), data, arguments.target)
    print(json.dumps({"set": arguments.set, "candidates": candidates}))


if __name__ == "__main__":
    main()
