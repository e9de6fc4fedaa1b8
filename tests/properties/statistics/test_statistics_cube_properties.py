"""The cube against a definition in plain Python, and against its own sums, orders and threads."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.statistics import cube, estimates
from sojourn.statistics.cube import COUNT

SOME = settings(max_examples=15, deadline=None, derandomize=True)
RECORD = st.fixed_dictionaries(
    {
        "person_key": st.sampled_from(["a", "b", "c", "d"]),
        "sex": st.sampled_from(["F", "M", None]),
        "region": st.sampled_from(["N", "S"]),
        "income": st.one_of(st.none(), st.integers(-1000, 1000)),
        "w": st.integers(0, 50),
    }
)
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("person_key", "sex", "region")]
    + [(name, pa.int64()) for name in ("income", "w")]
)


def by_definition(records):
    """The figures of every cell and margin, each record added by hand, in fractions."""
    members = defaultdict(list)
    for record in records:
        own = (record["sex"] or "_U", record["region"])
        for is_total in itertools.product((False, True), repeat=2):
            members[tuple("_T" if total else code for total, code in zip(is_total, own, strict=True))].append(
                record
            )
    figures = {}
    for cell, group in members.items():
        stated = [record for record in group if record["income"] is not None]
        below = sum(record["w"] for record in stated)
        above = sum(record["w"] * record["income"] for record in stated)
        figures[cell] = {
            "contributors": len({record["person_key"] for record in group if record["w"]}),
            "count": Fraction(sum(record["w"] for record in group)),
            "mean": Fraction(above, below) if below else None,
        }
    return figures


@SOME
@given(records=st.lists(RECORD, min_size=1, max_size=30))
def test_every_figure_equals_its_definition(records):
    wanted = by_definition(records)
    with Engine(threads=1) as engine:
        made = cube(
            engine.relation(pa.Table.from_pylist(records, SCHEMA)), dimensions=["sex", "region"], weight="w",
            measures=["income"],
        )  # fmt: skip
        for statistic, of in (("count", None), ("mean", "income")):
            table = estimates(
                made, statistic=statistic, of=of, dimensions=["sex", "region"], time_period="2024", method="m"
            )
            found = {row[:2]: row[2:] for row in table.rows("sex", "region", "value", "contributors")}
            assert set(found) == set(wanted)
            for cell, figures in wanted.items():
                value, contributors = found[cell]
                expected = figures[statistic]
                assert (value is None) == (expected is None)
                assert value is None or math.isclose(value, float(expected), rel_tol=1e-14, abs_tol=1e-300)
                assert statistic == "mean" or contributors == figures["contributors"]


@SOME
@given(records=st.lists(RECORD, min_size=1, max_size=30))
def test_margins_of_counts_are_exactly_the_sums_of_their_cells(records):
    with Engine(threads=1) as engine:
        made = cube(
            engine.relation(pa.Table.from_pylist(records, SCHEMA)), dimensions=["sex", "region"], weight="w"
        )
        counts = {row[:2]: row[2] for row in made.rows("sex", "region", COUNT)}
    for (sex, region), total in counts.items():
        parts = [
            count
            for (other_sex, other_region), count in counts.items()
            if "_T" not in (other_sex, other_region)
            and sex in ("_T", other_sex)
            and region in ("_T", other_region)
        ]
        assert sum(parts) == total


def test_neither_the_order_of_records_nor_the_threads_change_a_bit(tmp_path):
    draw = np.random.default_rng(7)
    persons = 200_000
    # Weights of very different size: added up as floating-point numbers they depend on the order.
    table = pa.table(
        {
            "region": pa.array(draw.integers(0, 9, persons).astype(str)),
            "income": draw.normal(0.0, 1e6, persons),
            "w": draw.lognormal(3.0, 4.0, persons),
        }
    )
    shuffled = table.take(pa.array(draw.permutation(persons)))
    found = []
    for place, (records, threads) in enumerate([(table, 1), (table, 2), (shuffled, 1), (shuffled, 2)]):
        file = tmp_path / f"records-{place}.parquet"
        pq.write_table(records, file, row_group_size=9_000)
        with Engine([tmp_path], threads=threads) as engine:
            made = cube(engine.relation(file), dimensions=["region"], weight="w", measures=["income"])
            table_of_means = estimates(
                made,
                statistic="mean",
                of="income",
                dimensions=["region"],
                time_period="t",
                method="m",
            )
            rows = table_of_means.rows("region", "value", order_by=("region",))
            sums = made.rows(*made.columns, order_by=("region",))
            found.append(
                [
                    tuple(part.hex() if isinstance(part, float) else part for part in row)
                    for row in rows + sums
                ]
            )
    assert found[0] == found[1] == found[2] == found[3]


def test_fractional_weights_add_up_to_the_correctly_rounded_sum():
    draw = np.random.default_rng(11)
    weights = draw.lognormal(3.0, 4.0, 50_000)
    with Engine() as engine:
        made = cube(engine.relation(pa.table({"w": weights})), dimensions=[], weight="w")
        assert made.rows(COUNT) == [(math.fsum(weights),)]


def test_whole_weights_stay_whole_beyond_what_64_bits_hold():
    weights = [2**61, 2**61, 2**61, 2**61, 1]
    with Engine() as engine:
        made = cube(
            engine.relation(pa.table({"w": pa.array(weights, pa.int64())})), dimensions=[], weight="w"
        )
        assert made.rows(COUNT) == [(2**63 + 1,)]


def test_records_larger_than_memory_are_added_up(tmp_path):
    draw = np.random.default_rng(5)
    persons, measures = 300_000, 24
    names = tuple(f"m{index}" for index in range(measures))
    columns = {"person": np.arange(persons), "area": draw.integers(0, 400, persons).astype(str)}
    columns |= {name: draw.integers(-5, 900, persons) for name in names}
    file = tmp_path / "records.parquet"
    pq.write_table(pa.table(columns), file, row_group_size=20_000)
    with Engine([tmp_path], memory="60MB", threads=2) as engine:
        made = cube(engine.relation(file), dimensions=["area"], measures=names, person="person")
        found = dict(made.rows("area", "m23__sum"))
    assert persons * measures * 8 > 55_000_000
    assert found["_T"] == int(columns["m23"].sum())
    assert found["7"] == int(columns["m23"][columns["area"] == "7"].sum())
