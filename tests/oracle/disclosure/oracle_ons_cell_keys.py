"""How `ons_cell_keys.json` was made: a small file of records, and what the package of ONS makes of it.

    python -m venv ons && ons/bin/pip install cell-key-perturbation==3.1.0 pandas
    cd tests/oracle/disclosure && ../../../ons/bin/python oracle_ons_cell_keys.py > ons_cell_keys.json

The perturbation table is a formula, so that it need not be stored: see `pvalue`. One cell has more records
than the table has rows; one record in forty does not state its status.
"""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pandas as pd
from cell_key_perturbation.create_perturbed_table import create_perturbed_table

RECORDS, ROWS, KEYS = 3000, 750, 256


def pvalue(pcv: np.ndarray, ckey: np.ndarray) -> np.ndarray:
    return np.maximum((pcv * 7 + ckey * 13) % 7 - 3, -pcv)


def main() -> None:
    draw = np.random.default_rng(61)
    codes = {
        "area": draw.choice(list("abcd"), RECORDS, p=[0.6, 0.3, 0.09, 0.01]),
        "sex": draw.choice(list("fm"), RECORDS, p=[0.7, 0.3]),
        "status": draw.choice(list("vwxyz-"), RECORDS, p=[0.7, 0.15, 0.1, 0.02, 0.005, 0.025]),
    }
    data = pd.DataFrame(codes).replace("-", None)
    data["record_key"] = draw.integers(0, KEYS, RECORDS)
    data.loc[0, "record_key"], data.loc[1, "record_key"] = 0, KEYS - 1
    table = pd.DataFrame(
        {"pcv": np.repeat(np.arange(1, ROWS + 1), KEYS), "ckey": np.tile(np.arange(KEYS), ROWS)}
    )
    table["pvalue"] = pvalue(table["pcv"].to_numpy(), table["ckey"].to_numpy())
    with contextlib.redirect_stdout(io.StringIO()):
        found = create_perturbed_table(data, table, ["area"], ["sex", "status"], "record_key", threshold=0)
    found = found[found["pre_sdc_count"] > 0].astype(object).where(lambda cells: cells.notna(), None)
    names = ["area", "sex", "status", "pre_sdc_count", "ckey", "count"]
    print(
        json.dumps(
            {
                "records": {name: "".join(column) for name, column in codes.items()},
                "record_key": data["record_key"].tolist(),
                "cells": [dict(zip(names, row, strict=True)) for row in found[names].to_numpy().tolist()],
            }
        )
    )


if __name__ == "__main__":
    main()
