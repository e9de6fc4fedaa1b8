"""Residence by signs of life and dual-system totals against a generated country's truth, seed by seed.

    python benchmarks/residence_truth.py [--seeds 20] [--residents 50000] [--sample 3000] [--json FILE]

Each country lives for ten years. Its register keeps people who left and misses some who came; other
registers tell of activity. Three things are estimated for its last 1 January: how many in the register live
here, by the residence index with weights learned from a sample, put right by the same sample; how many live
here at all, by a coverage survey linked to the register with errors, corrected for these and for people in
the register who do not live here; and the same without correcting the links. Counted is in how many countries
the interval of 95 per cent holds the truth.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from residence_check import Checked, check


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--residents", type=int, default=50_000)
    arguments.add_argument("--sample", type=int, default=3_000)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    began = time.monotonic()
    found = [check(seed, chosen.residents, chosen.sample) for seed in range(1, chosen.seeds + 1)]
    print(f"{chosen.seeds} countries of {chosen.residents:,}, {time.monotonic() - began:.0f} s")
    print(f"{'':38}  holds  mean error  mean size  mean standard error  error without estimate")
    for name in found[0]:
        _show(name, [each[name] for each in found])
    if chosen.json:
        rows = [{name: asdict(each[name]) for name in each} for each in found]
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _show(name: str, found: list[Checked]) -> None:
    errors = np.array([each.estimate - each.truth for each in found])
    before = np.array([each.counted - each.truth for each in found])
    said = np.mean([each.standard_error for each in found])
    print(
        f"{name:38}  {sum(each.holds for each in found):>2}/{len(found)} {errors.mean():>+11.0f}"
        f" {np.abs(errors).mean():>10.0f} {said:>20.0f} {before.mean():>+23.0f}"
    )


if __name__ == "__main__":
    main()
