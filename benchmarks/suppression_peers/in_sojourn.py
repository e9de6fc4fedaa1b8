"""The suppression benchmark by Sojourn: FOLDER NAME [READERS].

Reads the table and the needs of its cells, withholds, and writes which cells are withheld. With READERS, the
records are read too, and the rules and unions are judged, and readers alone in cells thought of.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from suppression_tables import SHAPES, generated

from sojourn.disclosure.suppression import (
    Needs,
    Policy,
    Prior,
    Records,
    contributions,
    linked_cells,
    p_percent_rule,
    suppress,
    suppress_needs,
)


def cpu_seconds() -> float:
    """So far, of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """One table."""
    folder, name, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    made = generated(SHAPES[name], seed)
    table = pq.read_table(folder / "table.parquet")
    prior = Prior(upper_share=2.0)
    before = cpu_seconds()
    cells = linked_cells([table], [made.dimensions], made.hierarchies)
    if len(sys.argv) > 4:
        given = contributions(cells, [Records(made.records, made.dimensions, "value")])
        found = suppress(cells, given, Policy((p_percent_rule(15.0),), prior=prior))
    else:
        need = np.zeros(cells.size)
        need[cells.rows[0]] = table.column("need").to_numpy()
        needs = Needs(need, need, np.zeros(cells.size))
        found = suppress_needs(cells, needs, prior=prior)
    seconds = cpu_seconds() - before
    withheld = found.of_table(0)
    pq.write_table(pa.table({"withheld": withheld}), folder / "sojourn.parquet")
    print(json.dumps({"seconds": seconds, "withheld": int(withheld.sum()), "lines": found.lines}))


if __name__ == "__main__":
    main()
