"""Samples planned for Ruritania, drawn thousands of times: what was promised, and what repetitions show.

    python benchmarks/sampling_plans.py [--persons 200000] [--repetitions 2000] [--picture FILE] [--json FILE]

The frame is everyone who lives in a generated country, with households, segments and regions. The goals are
those of a migration survey: the number of people born abroad in the country and in each region, their
unemployment, its gap to the others, their mean level of education. Plans that meet the goals, or spend what
the best of them costs, are compared; the last ones have the goals of the country alone. For every goal the
standard error over the repetitions is set against the promised one; a plan keeps its promise when no figure
exceeds it by more than the chance of the repetitions would make one figure in a hundred plans exceed it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.demo.country import areas, regions
from sojourn.demo.lives import lives
from sojourn.demo.people import region_of_stratum
from sojourn.demo.survey import Frame, design
from sojourn.demo.work import ACTIVITIES
from sojourn.production.sampling_files import Planned, try_files
from sojourn.production.sampling_pictures import draw_precision
from sojourn.project.load import load_declaration
from sojourn.project.sampling_declarations import SamplingDeclaration
from sojourn.sources.sampling.simulation import Tried

SPEC = """\
id: {id}
seed: 2024
frame:
  unit: household
  place: segment
  strata: [region]
  density: {{group: abroad, area: segment, bounds: [0.05, 0.15, 0.3]}}
  interviewed: "age >= 15"
groups:
  abroad: "birthplace <> 'XRT'"
  active_abroad: "birthplace <> 'XRT' and activity in ('employed', 'unemployed')"
  active_here: "birthplace = 'XRT' and activity in ('employed', 'unemployed')"
goals:
  - {{id: abroad, figure: total, among: abroad, cv: 0.05}}
  - {{id: unemployed, figure: proportion, of: "activity = 'unemployed'", among: active_abroad,
     half_width: 0.02, interval: logit}}
  - {{id: education, figure: mean, of: education, among: abroad, standard_error: 0.06}}
  - {{id: gap, figure: difference, of: "activity = 'unemployed'", among: active_abroad,
     against: active_here, standard_error: 0.012}}
{regional}
design: {{response: 0.85, {design}}}
cost: {{fixed: 10000, place: 30, travel: 20, visit: 4, interview: 25}}
{budget}
"""
REGIONAL = "  - {id: regional, figure: total, among: abroad, by: region, cv: 0.15}"
PLANS = {
    "best": "",
    "equal-rates": "share_out: proportional",
    "rates-by-density": "share_out: density",
    "places-by-size": "kind: places, places: size",
    "places-alike": "kind: places, places: equal",
}


def frame(persons: int, seed: int = 2024) -> pa.Table:
    """Everyone who lives in a generated country, one row each."""
    known = lives(np.random.default_rng([seed, persons, 0]), persons)
    people = Frame.of(seed, known.persons, np.flatnonzero(known.is_resident), 0, 0)
    codes = np.array([*areas().code, "STLS"])
    return pa.table(
        {
            "household": people.household,
            "segment": design(people, 500).segment,
            "region": np.array(regions().code)[region_of_stratum()[people.stratum]],
            "birthplace": codes[people.birthplace],
            "age": people.age.astype(np.int64),
            "activity": np.array(ACTIVITIES)[people.activity],
            "education": people.education.astype(np.int64),
        }
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--persons", type=int, default=200_000)
    arguments.add_argument("--repetitions", type=int, default=2_000)
    arguments.add_argument("--picture", type=Path)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        people = frame(chosen.persons)
        pq.write_table(people, folder / "frame.parquet")
        print(f"{len(people):,} persons, {chosen.repetitions:,} repetitions of each plan")
        found = [tried(folder, name, way, chosen.repetitions) for name, way in PLANS.items()]
        # Two once more, with no more money than the best one needs; and three without goals of regions.
        money = f"budget: {found[0][0].plan.cost:.0f}"
        found += [
            tried(folder, f"{name}-same-money", PLANS[name], chosen.repetitions, money)
            for name in ("best", "equal-rates")
        ]
        found += [
            tried(folder, f"country-{name}", PLANS[name], chosen.repetitions, regional="")
            for name in ("best", "equal-rates", "rates-by-density")
        ]
    if chosen.picture:
        draw_precision(found[: len(PLANS)], chosen.picture)
    if chosen.json:
        rows = {planned.declared.id: asdict(result) for planned, result in found}
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def tried(
    folder: Path, name: str, way: str, repetitions: int, budget: str = "", regional: str = REGIONAL
) -> tuple[Planned, Tried]:
    """Plan, draw again and again, and print what came of it."""
    spec = folder / f"{name}.yaml"
    spec.write_text(SPEC.format(id=name, design=way, budget=budget, regional=regional))
    declared = load_declaration(spec, SamplingDeclaration)
    began = time.process_time()
    ((planned, result),) = try_files(
        folder / "frame.parquet", folder / f"{name}.csv", [declared], repetitions=repetitions, seed=1
    )
    show(planned, result, time.process_time() - began)
    return planned, result


def show(planned: Planned, result: Tried, seconds: float) -> None:
    worst = max(each.standard_error / each.promised - 1 for each in result.figures)
    asked = np.sqrt(planned.sampled.most)
    reached = max(
        each.standard_error / most for each, most in zip(result.figures, asked.tolist(), strict=True)
    )
    coverage = [each.coverage for each in result.figures]
    bias = max(abs(each.bias) / each.bias_error for each in result.figures)
    kept = sum(each.is_kept for each in result.figures)
    print(
        f"\n{planned.declared.id}: cost {result.cost:,.0f} (promised {result.promised_cost:,.0f}),"
        f" {result.visits:,.0f} visits, {result.interviews:,.0f} interviews; {seconds:.1f} CPU s"
    )
    print(
        f"  promises kept {kept} of {len(result.figures)}; worst error {worst:+.1%} of the promise,"
        f" {reached:.3f} of what was asked; largest bias {bias:.1f} Monte-Carlo errors;"
        f" intervals hold {min(coverage):.1%} to {max(coverage):.1%}"
    )
    for each in result.figures:
        print(
            f"    {each.name:16} {each.truth:>10.4g}  promised {each.promised:>9.4g}"
            f"  shown {each.standard_error:>9.4g} ± {each.standard_error_error:<8.2g}"
            f" {'kept' if each.is_kept else 'NOT KEPT'}"
        )


if __name__ == "__main__":
    main()
