"""Plain Splink between two sources of migrants, names in any script: A B TARGET [--levels] [--lowest W].

A and B are Parquet files of record_id, surname, given_names, birth_date (YYYY-MM-DD), sex, citizenship,
region and document_no, all text, null where unknown. Names are spelled in Latin letters first; otherwise
Splink's own comparisons are used as they come, or, with `--levels`, the more careful ones of
`migrant_levels.py`. Blocking is that of `same_blocking.py`.

TARGET becomes a Parquet file of candidate pairs with a match weight of at least W, or -5: `id_l`, `id_r`,
`weight`, and `is_mutual_best`, whether each is the other's best partner; ties go to the identifier first in
order of text. What is said is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import splink.comparison_library as cl
from linkage_scores import mutual_best
from migrant_levels import date_levels, name_levels
from same_blocking import RULES, candidates_of, derived
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

LOWEST_WEIGHT = -5.0
MEMORY = "6GB"
SEED = 2
PAIRS_FOR_U = 5e6
# Common names are shared by thousands: without a limit training costs more than linking.
PAIRS_FOR_TRAINING = 2e6
DETERMINISTIC = [["document_no"], ["surname", "given_names", "birth_date"]]
RECALL_OF_DETERMINISTIC = 0.6
TRAINING = [["birth_date", "citizenship"], ["surname", "given_names"], ["document_no"]]


def settings(*, own_levels: bool) -> SettingsCreator:
    """The model: one comparison for each thing known of a person."""
    if own_levels:
        identity = [name_levels("surname"), name_levels("given_names"), date_levels("birth_date")]
    else:
        identity = [
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.NameComparison("given_names").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("birth_date", input_is_string=True, datetime_format="%Y-%m-%d"),
        ]
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        comparisons=[
            *identity,
            cl.ExactMatch("sex"),
            cl.ExactMatch("citizenship").configure(term_frequency_adjustments=True),
            cl.ExactMatch("region").configure(term_frequency_adjustments=True),
            cl.ExactMatch("document_no"),
        ],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in RULES],
    )


def linked(
    left: pa.Table, right: pa.Table, spill: str, *, own_levels: bool, lowest: float
) -> tuple[pa.Table, int]:
    """The scored pairs, and how many the blocking gave."""
    engine = duckdb.connect()
    engine.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'")
    api = DuckDBAPI(connection=engine)
    sources = [api.register(table, dataset_display_name=name) for name, table in (("a", left), ("b", right))]
    linker = Linker(sources, settings(own_levels=own_levels), log_level=logging.WARNING)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*rule) for rule in DETERMINISTIC], recall=RECALL_OF_DETERMINISTIC
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_FOR_U, seed=SEED)
    for rule in TRAINING:
        if candidates_of(left, right, rule):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*rule), estimate_without_term_frequencies=True, max_pairs=PAIRS_FOR_TRAINING
            )
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    ((candidates,),) = engine.sql(f"SELECT count(*) FROM {blocked.physical_name}").fetchall()
    pairs = linker.inference.predict(threshold_match_weight=lowest)
    found = engine.sql(
        # Sums differ in the last digit from run to run; equal pairs must stay equal for ties to be settled.
        f"SELECT record_id_l AS id_l, record_id_r AS id_r, round(match_weight, 9) AS weight"
        f" FROM {pairs.physical_name}"
    ).to_arrow_table()
    return found, int(candidates)


def main() -> None:
    """Link two files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("a", "b", "target"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--levels", action="store_true", help="names at eight levels, birth dates at seven")
    parser.add_argument("--lowest", type=float, default=LOWEST_WEIGHT, help="the least weight of pairs kept")
    arguments = parser.parse_args()
    left, right = (derived(pq.read_table(file)) for file in (arguments.a, arguments.b))
    with tempfile.TemporaryDirectory(dir=arguments.target.parent) as spill:
        found, candidates = linked(left, right, spill, own_levels=arguments.levels, lowest=arguments.lowest)
    kept = pa.array(mutual_best(found))
    pq.write_table(found.append_column("is_mutual_best", kept), arguments.target)
    print(json.dumps({"candidates": candidates, "kept": len(found), "mutual": kept.true_count}))


if __name__ == "__main__":
    main()
