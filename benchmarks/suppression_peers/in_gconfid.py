"""The suppression benchmark by G-Confid: FOLDER.

Reads cells and sums, withholds by the cost of size in one phase, and writes which cells are withheld.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import gconfid
import pandas as pd


def cpu_seconds() -> float:
    """So far, of this process and of solvers that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    """One table."""
    folder = Path(sys.argv[1])
    cells = pd.read_parquet(folder / "cells.parquet")
    sums = pd.read_parquet(folder / "sums.parquet")
    before = cpu_seconds()
    found = gconfid.Suppression(
        incell=cells, inconstraint=sums, outsuppress="pandas", cost_function1="Size", capture=None
    )
    seconds = cpu_seconds() - before
    shown = found.outsuppress.set_index("CellId")["OutStatus"].reindex(cells["CellId"])
    withheld = shown.eq("X")
    pd.DataFrame({"withheld": withheld.to_numpy()}).to_parquet(folder / "gconfid.parquet")
    print(json.dumps({"seconds": seconds, "withheld": int(withheld.sum())}), file=sys.stderr)


if __name__ == "__main__":
    main()
