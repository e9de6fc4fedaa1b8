"""Chances against R `sampling`, and errors of drawn samples against R `survey`.

Where R and its packages are installed the test runs them; what they said is also kept beside the test, with
their versions, for where they are not. `SOJOURN_STORE_ORACLES=1` writes the kept numbers anew.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

from sojourn.sources.sampling.by_size import inclusion_probabilities
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.drawing import drawn_systematically
from sojourn.sources.sampling.figures import Figure, figures_of
from sojourn.sources.sampling.planning import PlanSettings, UnitFrame
from sojourn.sources.sampling.repeated_draws import draw_again
from sojourn.sources.sampling.simulation import layout_of

HERE = Path(__file__).parent
STORED = HERE / "sampling_of_r.json"
pytestmark = pytest.mark.oracle
SIZES = np.array([9, 2, 5, 17, 4, 21, 15, 7, 4, 11, 230, 23, 14, 0.5, 61.25])
WANTED = (1, 4, 9, 14)
CHANCES = np.array([0.2, 0.7, 0.8, 0.5, 0.4, 0.4])


@cache
def has(package: str) -> bool:
    """Whether R and a package of it are installed."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", f"quit(status = !nzchar(system.file(package = '{package}')))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def answers(name: str, package: str, folder: Path) -> dict[str, list[float]]:
    """What R says, or said: by the first words of a line, its numbers."""
    kept = json.loads(STORED.read_text(encoding="utf-8"))[name]
    if not has(package):
        return kept["numbers"]
    script = HERE / f"oracle_sampling_{name}.R"
    subprocess.run(["Rscript", str(script), str(folder)], check=True, capture_output=True)
    found, version = {}, ""
    for line in (folder / "found.txt").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words[0] == "version":
            version = words[1]
            continue
        named = 1 if words[0] in ("systematic", "sampford") else 2
        found[" ".join(words[:named])] = [float(word) for word in words[named:]]
    if os.environ.get("SOJOURN_STORE_ORACLES"):
        every = json.loads(STORED.read_text(encoding="utf-8"))
        every[name] = {"made_by": f"R {package} {version}, {script.name}", "numbers": found}
        STORED.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
        return found
    assert found.keys() == kept["numbers"].keys()
    for key, numbers in found.items():
        assert numbers == pytest.approx(kept["numbers"][key], rel=1e-10, abs=1e-14), key
    return found


def test_inclusion_probabilities_and_joint_ones_are_those_of_r_sampling(tmp_path):
    np.savetxt(tmp_path / "sizes.txt", SIZES, "%.17g")
    np.savetxt(tmp_path / "wanted.txt", WANTED, "%d")
    np.savetxt(tmp_path / "chances.txt", CHANCES, "%.17g")
    theirs = answers("chances", "sampling", tmp_path)
    for number in WANTED:
        ours = inclusion_probabilities(SIZES, number)
        assert ours == pytest.approx(theirs[f"inclusion {number}"], rel=1e-10)
    assert joint_systematic().ravel() == pytest.approx(theirs["systematic"], rel=1e-10, abs=1e-14)
    assert joint_sampford().ravel() == pytest.approx(theirs["sampford"], rel=1e-10)


def joint_systematic():
    """The joint chances of a systematic sample: all starts, by the stretches in which nothing changes."""
    ends = np.unique(np.append(np.round(np.cumsum(CHANCES) % 1.0, 12), [0.0, 1.0]))
    joint = np.zeros((6, 6))
    for begin, end in pairwise(ends):
        start = np.array([(begin + end) / 2])
        drawn = drawn_systematically(np.arange(6), CHANCES, np.zeros(6, int), start)
        joint += (end - begin) * np.outer(drawn, drawn)
    return joint


def joint_sampford():
    """The joint chances that our order of drawing gives, followed through all its branches."""
    from sojourn.sources.sampling.by_size import _counts

    before, after = _counts(CHANCES, 3, False), _counts(CHANCES, 3, True)
    leads = np.array(
        [
            CHANCES[unit]
            * (1 - CHANCES[unit])
            * sum(before[unit, many] * after[unit + 1, 2 - many] for many in range(3))
            for unit in range(6)
        ]
    )
    leads /= leads.sum()
    joint = np.zeros((6, 6))

    def follow(unit, left, chosen, chance, rest, counts):
        if unit == 6:
            joint[np.ix_(chosen, chosen)] += chance
            return
        share = 0.0
        if left and rest[unit] > 0:
            share = rest[unit] * counts[unit + 1, left - 1] / counts[unit, left]
        if share > 0:
            follow(unit + 1, left - 1, [*chosen, unit], chance * share, rest, counts)
        if share < 1:
            follow(unit + 1, left, chosen, chance * (1 - share), rest, counts)

    for leader in range(6):
        rest = np.where(np.arange(6) == leader, 0.0, CHANCES)
        follow(0, 2, [leader], leads[leader], rest, _counts(rest, 3, True))
    return joint


def frame():
    """A frame of 900 households in 3 strata and 45 places, some of them large, with two groups."""
    rng = np.random.default_rng(11)
    place = np.sort(np.append(np.arange(45), (45 * rng.random(855) ** 2).astype(int)))
    persons = rng.integers(1, 5, 900)
    unit = np.repeat(np.arange(900), persons)
    first = rng.random(len(unit)) < 0.4
    value = np.round(rng.normal(20, 6, len(unit)) + 3 * first, 3)
    figures = figures_of(
        [
            Figure("total", "total", value, first),
            Figure("ratio", "mean", value, first),
            Figure("difference", "difference", value, first, ~first),
        ],
        unit,
        900,
    )
    return UnitFrame(("a", "b", "c"), place // 15, np.ones(900), place), figures


def drawn(kind: str, first_stage: str):
    """One sample of a kind, and what the kernel estimates from it: figures, variances, columns."""
    country, figures = frame()
    settings = PlanSettings(CostModel(visit=1), kind=kind, first_stage=first_stage, take=5)
    sizes = np.array([6, 7, 8]) if kind == "places" else np.array([60, 40, 30])
    contributions = (figures.start, figures.figure, figures.sums, figures.is_ratio, figures.is_difference)
    results = tuple(np.zeros((1, columns)) for columns in (3, 3, 3, 3))
    layout = layout_of(country, settings, sizes)
    draw_again(4, np.arange(1), layout, 1.0, contributions, results)
    if kind == "places":
        return results, columns_of_places(country, figures, layout, places_of(layout, results))
    order, first, counts = layout[4], layout[5], country.units
    drawn_of = [order[begin : begin + size] for begin, size in zip(first, sizes, strict=False)]
    units = np.concatenate(drawn_of)
    of = country.stratum[units]
    columns = {"unit": units, "stratum": of, "weight": (counts / sizes)[of], "units_in_stratum": counts[of]}
    return results, {**columns, **sums_of(figures, units)}


def places_of(layout, results):
    """The places that were drawn: those whose units no longer lie in order, or all that were put in front."""
    places, first, sizes, _, order, inside, _, _, by_size = layout
    if not by_size:
        return np.concatenate(
            [places[begin : begin + size] for begin, size in zip(first, sizes, strict=False)]
        )
    moved = [
        at for at in range(len(places))
        if not np.array_equal(order[inside[at] : inside[at + 1]], np.arange(inside[at], inside[at + 1]))
    ]  # fmt: skip
    assert len(moved) == results[3][0, 0], "a drawn place kept the order of its units by chance: other seed"
    return np.array(moved)


def columns_of_places(country, figures, layout, chosen):
    _, _, _, chances, order, inside, take, _, by_size = layout
    taken = [order[inside[at] : inside[at] + min(take[at], inside[at + 1] - inside[at])] for at in chosen]
    units = np.concatenate(taken)
    place = np.repeat(chosen, [len(each) for each in taken])
    size, count = (
        country.units_of_place[place],
        np.repeat([len(each) for each in taken], [len(each) for each in taken]),
    )
    is_sure = by_size & (chances[place] >= 1.0)
    assert is_sure.any() == by_size, "the frame has no place that is sure to be drawn by size"
    stratum = country.stratum[units]
    return {
        "unit": units,
        "place": place,
        "psu": np.where(is_sure, units + 100_000, place),
        "stratum": np.where(is_sure, place + 1_000, stratum),
        "places_in_stratum": country.places[stratum],
        "psus_in_stratum": np.where(is_sure, size, 1e300),
        "units_in_place": size,
        "weight": size / count / chances[place],
        **sums_of(figures, units),
    }


def sums_of(figures, units):
    """The four sums of the difference's groups in each unit."""
    found = np.zeros((len(units), 4))
    for row, unit in enumerate(units):
        for at in range(figures.start[unit], figures.start[unit + 1]):
            if figures.figure[at] == 2:
                found[row] = figures.sums[at]
    return dict(zip(("y1", "d1", "y2", "d2"), found.T, strict=True))


def test_estimates_and_errors_of_drawn_samples_are_those_of_r_survey(tmp_path):
    ours = {}
    for name, kind, first_stage in (
        ("units", "units", "equal"), ("equal", "places", "equal"), ("size", "places", "size"),
    ):  # fmt: skip
        results, columns = drawn(kind, first_stage)
        pcsv.write_csv(pa.table(columns), tmp_path / f"{name}.csv")
        for number, figure in enumerate(("total", "ratio", "difference")):
            ours[f"{name} {figure}"] = [results[0][0, number], np.sqrt(results[1][0, number])]
    theirs = answers("survey", "survey", tmp_path)
    assert ours.keys() == theirs.keys()
    for key, numbers in theirs.items():
        assert ours[key] == pytest.approx(numbers, rel=1e-10), key
