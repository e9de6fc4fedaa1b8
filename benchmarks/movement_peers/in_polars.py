"""The rule by Polars: FILE TARGET."""

import sys
from datetime import date

import polars as pl

_, file, target = sys.argv
is_in, at_end = pl.col("is_in"), pl.min_horizontal(pl.col("date") + pl.duration(days=487), date(2019, 12, 31))
crossings = (
    pl.scan_parquet(file)
    .sort("person_id", "date", "crossing_id")
    .with_columns(
        is_in=pl.col("direction") == "arrival", next_date=pl.col("date").shift(-1).over("person_id")
    )
)
leg = pl.when(is_in).then((pl.col("next_date") - pl.col("date")).dt.total_days()).otherwise(0).fill_null(0)
crossings = crossings.with_columns(spent=(leg.cum_sum() - leg).over("person_id"), window_end=at_end).collect()
ends = crossings.select("person_id", date_last="date", spent_last="spent", in_last="is_in").sort("date_last")
found = crossings.sort("window_end").join_asof(
    ends, left_on="window_end", right_on="date_last", by="person_id"
)
after_last = (pl.col("window_end") - pl.col("date_last")).dt.total_days()
days_in = pl.col("spent_last") - pl.col("spent") + pl.when(pl.col("in_last")).then(after_last).otherwise(0)
observed = (pl.col("window_end") - pl.col("date")).dt.total_days()
new = pl.when(is_in).then(days_in).otherwise(observed - days_in)
can = pl.when(new >= 365).then(True).when(observed - new > 122).then(False)
found = found.with_columns(can=can).sort("person_id", "date", "crossing_id")
resident = pl.when(pl.col("can")).then(is_in).forward_fill().shift(1).over("person_id")
found.with_columns(resident=resident).write_parquet(target)
