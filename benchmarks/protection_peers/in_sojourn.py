"""Counts by five dimensions in Sojourn: perturbed with all totals or inner cells alone, or as they are."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from sojourn.disclosure.cell_keys import keyed_cells, perturbed_counts, table_of_columns
from sojourn.engine import Engine

DIMENSIONS = ("area", "age", "sex", "citizenship", "status")
# The aggregation of `keyed_cells` without a key.
PLAIN = """
WITH groups AS (SELECT area, age, sex, citizenship, status, count(*) AS units FROM records GROUP BY ALL),
base AS (
  SELECT coalesce(area, $unknown) AS area, coalesce(age, $unknown) AS age, coalesce(sex, $unknown) AS sex,
    coalesce(citizenship, $unknown) AS citizenship, coalesce(status, $unknown) AS status, units
  FROM groups
)
SELECT coalesce(area, '_T') AS area, coalesce(age, '_T') AS age, coalesce(sex, '_T') AS sex,
  coalesce(citizenship, '_T') AS citizenship, coalesce(status, '_T') AS status,
  CAST(sum(units) AS BIGINT) AS value
FROM base GROUP BY CUBE (area, age, sex, citizenship, status)
"""


def main(place: Path, mode: str) -> None:
    began = time.process_time()
    with Engine([place], memory="2GB") as engine:
        records = engine.relation(place / "records.parquet")
        if mode == "plain":
            found = engine.query(PLAIN, {"records": records}, {"unknown": "_U"})
        else:
            noise = table_of_columns(pq.read_table(place / "ptable.parquet"))
            margins = None if mode == "perturbed" else []
            cells = keyed_cells(records, dimensions=DIMENSIONS, margins=margins)
            found = perturbed_counts(cells, dimensions=DIMENSIONS, noise=noise)
        count = found.write_parquet(place / f"{mode}.parquet")
    print(json.dumps({"work": time.process_time() - began, "cells": count}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
