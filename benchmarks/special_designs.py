"""Special sampling designs, simulated: are estimators unbiased, and how many intervals hold the truth?

Each design draws many samples from a population that was made once. A line tells the truth, the mean error of
the estimates with its Monte-Carlo standard error, the standard errors that were told beside the spread that
there was, and the share of intervals of 95 per cent that hold the truth.

Designs of probability samples are unbiased up to what ratios add, which is of the order of the variance
divided by the truth. Respondent-driven samples are shown twice: recruited as their model says, and as people
may do.

    python benchmarks/special_designs.py [--samples 2000] [--only DESIGN] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from sojourn.sources.sampling.adaptive import AdaptiveDesign, adaptive_estimates, grid_links
from sojourn.sources.sampling.centres import CentresDesign, centres_estimates
from sojourn.sources.sampling.frames import FramesDesign, frames_estimates
from sojourn.sources.sampling.indirect import IndirectDesign, IndirectSample, indirect_estimates
from sojourn.sources.sampling.respondent_driven import RespondentDrivenDesign, respondent_driven_estimates
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import TwoPhaseDesign, two_phase_estimates

Draw = np.random.Generator
# What one sample tells: estimates by estimator.
Sampled = dict[str, pa.Table]


@dataclass
class Line:
    """What the samples told of one figure by one estimator."""

    design: str
    estimator: str
    target: str
    truth: float
    values: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)

    def add(self, row: dict) -> None:
        """One sample's figure."""
        self.values.append(row["value"])
        self.errors.append(math.nan if row["standard_error"] is None else row["standard_error"])
        if row["lower"] is not None:
            self.held.append(row["lower"] <= self.truth <= row["upper"])

    def told(self) -> dict:
        """The line's numbers."""
        values = np.array(self.values)
        error = values.std(ddof=1) / math.sqrt(len(values))
        return {
            "design": self.design,
            "estimator": self.estimator,
            "target": self.target,
            "samples": len(values),
            "truth": self.truth,
            "bias": float(values.mean() - self.truth),
            "monte_carlo_error": float(error),
            "bias_in_errors": float((values.mean() - self.truth) / error),
            "spread": float(values.std(ddof=1)),
            "mean_standard_error": float(np.sqrt(np.nanmean(np.square(self.errors)))),
            "coverage": float(np.mean(self.held)),
            "without_interval": len(values) - len(self.held),
        }


def simulated(
    design: str, truth: dict[str, float], sample: Callable[[Draw], Sampled], samples: int, seed: int
) -> Iterator[dict]:
    """The lines of a design."""
    lines: dict[tuple[str, str], Line] = {}
    draw = np.random.default_rng(seed)
    for _ in range(samples):
        for estimator, table in sample(draw).items():
            for row in table.to_pylist():
                if row["target"] not in truth:
                    continue
                key = (estimator, row["target"])
                lines.setdefault(key, Line(design, *key, truth[row["target"]])).add(row)
    for line in lines.values():
        yield line.told()


def of_strata(draw: Draw, strata: np.ndarray, sizes: dict[int, int]) -> np.ndarray:
    """Places drawn at random within strata."""
    return np.concatenate(
        [draw.choice(np.flatnonzero(strata == one), size, replace=False) for one, size in sizes.items()]
    )


def two_phase() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
    """20,000 people of whom one in twenty is a migrant; 1,500 are screened, 250 asked."""
    draw = np.random.default_rng(1)
    everyone = 20_000
    region = draw.integers(0, 3, everyone)
    is_migrant = draw.random(everyone) < np.array([0.02, 0.05, 0.08])[region]
    screened = np.where(draw.random(everyone) < 0.93, is_migrant, ~is_migrant).astype(int)
    age = draw.gamma(9, 4, everyone)
    sent = np.where(is_migrant, np.maximum(0, 60 * age + draw.normal(0, 500, everyone)), 0.0)
    truth = {
        "migrants": float(is_migrant.sum()),
        "sent": float(sent.sum()),
        "mean": sent.sum() / is_migrant.sum(),
    }
    targets = [
        Target("migrants", "total", "migrant"),
        Target("sent", "total", "sent"),
        Target("mean", "ratio", "sent", denominator="migrant"),
    ]
    population = np.bincount(region)
    first = StagedDesign((Stage(strata=("region",), population="population"),))
    designs = {
        "double expansion": TwoPhaseDesign(first, "again", ("screened",)),
        "double expansion, simple variance": TwoPhaseDesign(first, "again", ("screened",), variance="simple"),
        "regression": TwoPhaseDesign(first, "again", ("screened",), regress_on=("age", "screened")),
    }

    def sample(draw: Draw) -> Sampled:
        places = of_strata(draw, region, {0: 400, 1: 500, 2: 600})
        again = np.zeros(len(places), bool)
        for kind, wanted in ((1, 120), (0, 130)):
            own = np.flatnonzero(screened[places] == kind)
            again[draw.choice(own, min(wanted, len(own)), replace=False)] = True
        table = pa.table(
            {
                "region": region[places],
                "population": population[region[places]],
                "screened": screened[places],
                "age": age[places],
                "again": again,
                "migrant": np.where(again, is_migrant[places], False).astype(float),
                "sent": np.where(again, sent[places], 0.0),
            }
        )
        return {name: two_phase_estimates(table, design, targets) for name, design in designs.items()}

    return truth, sample


def frames() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
    """Foreigners by a register that holds most of them, and by areas that hold most of them."""
    draw = np.random.default_rng(2)
    everyone = 6_000
    place = draw.random(everyone)
    in_area, in_register = place < 0.85, place > 0.35
    works = (draw.random(everyone) < 0.35 + 0.3 * in_register).astype(float)
    wage = np.where(works == 1, draw.gamma(4, 300, everyone), 0.0)
    truth = {"wages": wage.sum(), "working": works.mean()}
    targets = [
        Target("wages", "total", "wage"),
        Target("working", "share", "works", "1"),
    ]
    sizes = {"area": (in_area, 350), "register": (in_register, 250)}
    chance = {name: size / inside.sum() for name, (inside, size) in sizes.items()}
    members = {"area": "in_area", "register": "in_register"}
    plain = StagedDesign((Stage(population="population"),))
    settings = {
        "Hartley, effective": {"estimator": "hartley", "share": "effective"},
        "Hartley, optimal": {"estimator": "hartley", "share": "optimal"},
        "Fuller-Burmeister": {"estimator": "fuller-burmeister"},
        "single-frame": {
            "estimator": "single-frame",
            "probabilities": {"area": "from_area", "register": "from_register"},
        },
        "multiplicity": {"estimator": "multiplicity"},
    }
    designs = {name: FramesDesign("frame", members, plain, **each) for name, each in settings.items()}

    def sample(draw: Draw) -> Sampled:
        drawn = {
            name: draw.choice(np.flatnonzero(inside), size, replace=False)
            for name, (inside, size) in sizes.items()
        }
        places = np.concatenate(list(drawn.values()))
        frame = np.repeat(list(drawn), [len(each) for each in drawn.values()])
        table = pa.table(
            {
                "frame": frame,
                "population": np.where(frame == "area", in_area.sum(), in_register.sum()),
                "in_area": in_area[places],
                "in_register": in_register[places],
                "from_area": in_area[places] * chance["area"],
                "from_register": in_register[places] * chance["register"],
                "wage": wage[places],
                "works": works[places].astype(int),
            }
        )
        return {name: frames_estimates(table, design, targets) for name, design in designs.items()}

    return truth, sample


def adaptive() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
    """A town of 30 by 30 blocks; a group lives in a few quarters, and 90 blocks are drawn to begin with."""
    draw = np.random.default_rng(3)
    side = 30
    people = np.zeros((side, side))
    for row, column in draw.integers(3, side - 3, (14, 2)):
        spots = np.rint(draw.normal((row, column), 1.1, (60, 2))).astype(int)
        np.add.at(people, tuple(np.clip(spots, 0, side - 1).T), 1)
    people += draw.random((side, side)) < 0.05
    count = people.ravel()
    blocks = pa.table(
        {"unit": np.arange(side**2), "row": np.arange(side**2) // side, "column": np.arange(side**2) % side}
    )
    links = grid_links(blocks, unit="unit", row="row", column="column")
    from_, to = (links[name].to_numpy() for name in ("unit", "neighbour"))
    meets = count >= 2
    working = np.rint(count * draw.uniform(0.3, 0.7, side**2))
    truth = {"people": count.sum(), "working": working.sum() / count.sum()}
    targets = [
        Target("people", "total", "people"),
        Target("working", "ratio", "working", denominator="people"),
    ]
    designs = {
        f"{estimator}{', improved' if improved else ''}": AdaptiveDesign(
            "unit", "initial", "meets", "population", estimator=estimator, improved=improved
        )
        for estimator in ("horvitz-thompson", "hansen-hurwitz")
        for improved in (False, True)
        if estimator == "hansen-hurwitz" or not improved
    }

    def sample(draw: Draw) -> Sampled:
        initial = np.zeros(side**2, bool)
        initial[draw.choice(side**2, 90, replace=False)] = True
        seen = initial.copy()
        while True:
            spread = seen & meets
            more = seen.copy()
            more[to[spread[from_]]] = more[from_[spread[to]]] = True
            if (more == seen).all():
                break
            seen = more
        places = np.flatnonzero(seen)
        units = pa.table(
            {
                "unit": places,
                "initial": initial[places].astype(int),
                "meets": meets[places],
                "population": np.full(len(places), side**2),
                "people": count[places],
                "working": working[places],
            }
        )
        return {name: adaptive_estimates(units, links, design, targets) for name, design in designs.items()}

    return truth, sample


def indirect() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
    """Emigrants by relatives: 4,000 households in two strata of which 500 are asked of 900 people abroad."""
    draw = np.random.default_rng(4)
    households, abroad = 4_000, 900
    stratum = (np.arange(households) < 1_000).astype(int)
    chance = np.where(stratum == 1, 3.0, 1.0)
    told_by = [
        draw.choice(households, draw.integers(1, 5), replace=False, p=chance / chance.sum())
        for _ in range(abroad)
    ]
    links = np.array([len(each) for each in told_by])
    from_, to = np.concatenate(told_by), np.repeat(np.arange(abroad), links)
    sends = (draw.random(abroad) < 0.3 + 0.1 * links).astype(int)
    truth = {"abroad": float(abroad), "sends": sends.mean()}
    targets = [Target("abroad", "total"), Target("sends", "share", "sends", "1")]
    drawn_of = {0: 250, 1: 250}
    population = np.bincount(stratum)
    probability = (np.array([250, 250]) / population)[stratum]
    plain = StagedDesign((Stage(strata=("stratum",), population="population"),))
    designs = {
        "weight share": IndirectDesign("household", "person", plain, links="links"),
        "weight share, by probability": IndirectDesign(
            "household", "person", plain, probability="probability"
        ),
    }

    def sample(draw: Draw) -> Sampled:
        places = of_strata(draw, stratum, drawn_of)
        asked = np.zeros(households, bool)
        asked[places] = True
        reached = np.zeros(abroad, bool)
        reached[to[asked[from_]]] = True
        own = reached[to]
        units = pa.table(
            {"household": places, "stratum": stratum[places], "population": population[stratum[places]]}
        )
        all_links = pa.table(
            {"household": from_[own], "person": to[own], "probability": probability[from_[own]]}
        )
        people = np.flatnonzero(reached)
        found = pa.table({"person": people, "links": links[people], "sends": sends[people]})
        parts = IndirectSample(units, all_links, found)
        return {name: indirect_estimates(parts, design, targets) for name, design in designs.items()}

    return truth, sample


def centres() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
    """People who go to some of six centres; the sociable go to many, and work more often."""
    draw = np.random.default_rng(5)
    everyone = 8_000
    sociable = draw.normal(size=everyone)
    base = np.log(np.array([0.5, 0.35, 0.3, 0.2, 0.15, 0.08]))
    goes = draw.random((everyone, 6)) < 1 / (1 + np.exp(-(base + 0.9 * sociable[:, None])))
    kept = goes.any(axis=1)
    goes, sociable = goes[kept], sociable[kept]
    works = (draw.random(len(goes)) < 1 / (1 + np.exp(-0.9 * sociable))).astype(int)
    age = 35 + 4 * sociable + draw.normal(0, 8, len(goes))
    truth = {"working": works.mean(), "age": age.mean(), "people": float(len(goes))}
    names = [f"centre{place}" for place in range(6)]
    columns = {name: f"goes_{name}" for name in names}
    sizes = dict(zip(names, goes.sum(axis=0).astype(float).tolist(), strict=True))
    targets = [Target("working", "share", "works", "1"), Target("age", "mean", "age")]

    def sample(draw: Draw) -> Sampled:
        drawn = [draw.choice(np.flatnonzero(goes[:, place]), 60, replace=False) for place in range(6)]
        places = np.concatenate(drawn)
        table = pa.table(
            {
                "centre": np.repeat(names, 60),
                "works": works[places],
                "age": age[places],
                **{column: goes[places, place] for place, column in enumerate(columns.values())},
            }
        )
        seed = int(draw.integers(1 << 30))
        estimated = CentresDesign("centre", columns, replicates=50, seed=seed)
        known = CentresDesign("centre", columns, sizes=sizes, replicates=50, seed=seed)
        return {
            "estimated popularity": centres_estimates(table, estimated, targets),
            "known sizes": centres_estimates(table, known, [*targets, Target("people", "total")]),
        }

    return truth, sample


def network(draw: Draw, people: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Ties of a group of whom two in five have a trait, are better known, and know each other more."""
    trait = (draw.random(people) < 0.4).astype(int)
    activity = draw.gamma(4, 1, people) * np.where(trait == 1, 1.5, 1.0)
    one, other = np.triu_indices(people, 1)
    same = np.where(trait[one] == trait[other], 1.4, 0.6)
    chance = activity[one] * activity[other] * same
    chance *= 5.0 * people / chance.sum()
    tied = draw.random(len(one)) < chance
    one, other = one[tied], other[tied]
    ends = np.concatenate([one, other])
    order = np.argsort(ends, kind="stable")
    mates = np.concatenate([other, one])[order]
    counts = np.bincount(ends, minlength=people)
    return np.split(mates, np.cumsum(counts)[:-1]), trait


def recruited(
    draw: Draw, ties: list[np.ndarray], seeds: np.ndarray, wanted: int, again: bool
) -> tuple[list[int], list[int]]:
    """People in the order of recruitment, and the place of each one's recruiter (-1 for seeds).

    Everybody recruits up to two of those they know, at random; with `again` also people who were recruited.
    """
    people, by = [int(seed) for seed in seeds], [-1] * len(seeds)
    seen = set(people)
    turn = 0
    while len(people) < wanted and turn < len(people):
        mates = ties[people[turn]]
        open_ = mates if again else np.array([mate for mate in mates if mate not in seen], np.int64)
        for mate in draw.permutation(open_)[:2].tolist():
            if len(people) < wanted:
                people.append(mate)
                by.append(turn)
                seen.add(mate)
        turn += 1
    return people, by


def respondent_driven(as_the_model_says: bool) -> Callable[[], tuple[dict, Callable]]:
    """Recruitment in a network of 1,500: as the model says, or without return from seeds with the trait."""

    def made() -> tuple[dict[str, float], Callable[[Draw], Sampled]]:
        ties, trait = network(np.random.default_rng(6), 1_500)
        degree = np.array([len(each) for each in ties])
        inside = np.flatnonzero(degree > 0)
        truth = {"trait": float(trait[inside].mean())}
        targets = [Target("trait", "share", "trait", "1")]
        settings = {
            "RDS-I, Salganik bootstrap": {"estimator": "rds-i", "trait": "trait", "bootstrap": "salganik"},
            "RDS-II, tree bootstrap": {"estimator": "rds-ii"},
            "SS, tree bootstrap": {"estimator": "ss", "population": float(len(inside))},
        }

        def sample(draw: Draw) -> Sampled:
            if as_the_model_says:
                seeds = draw.choice(inside, 10, p=degree[inside] / degree[inside].sum())
            else:
                seeds = draw.choice(inside[trait[inside] == 1], 10, replace=False)
            people, by = recruited(draw, ties, seeds, 400, as_the_model_says)
            table = pa.table(
                {
                    "person": np.arange(len(people)),
                    "by": pa.array(by, mask=np.array(by) < 0),
                    "degree": degree[people],
                    "trait": trait[people],
                }
            )
            seed = int(draw.integers(1 << 30))
            common = {"replicates": 100, "seed": seed}
            return {
                name: respondent_driven_estimates(
                    table, RespondentDrivenDesign("person", "by", "degree", **each, **common), targets
                )
                for name, each in settings.items()
                # With return the sample may be larger than a population that nobody leaves.
                if not (as_the_model_says and each.get("estimator") == "ss")
            }

        return truth, sample

    return made


DESIGNS = {
    "two-phase": two_phase,
    "frames": frames,
    "adaptive": adaptive,
    "indirect": indirect,
    "centres": centres,
    "respondent-driven, as its model says": respondent_driven(True),
    "respondent-driven, as people may do": respondent_driven(False),
}


def lines_of(task: tuple[str, int, int]) -> tuple[list[dict], float]:
    """The lines of one design, and the CPU seconds that they took."""
    name, samples, seed = task
    began = time.process_time()
    # Small matrices do not gain from threads, and the designs run side by side.
    with threadpool_limits(1):
        truth, sample = DESIGNS[name]()
        lines = list(simulated(name, truth, sample, samples, seed))
    return lines, time.process_time() - began


def main() -> None:
    """Print the table, and write it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--only", choices=sorted(DESIGNS))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    chosen = [name for name in DESIGNS if arguments.only in (None, name)]
    lines, seconds, began = [], 0.0, time.monotonic()
    print(
        f"{'design':36} {'estimator':33} {'target':10} {'truth':>9} {'bias':>8} {'MC error':>8}"
        f" {'in errors':>9} {'SE/spread':>9} {'held':>6}"
    )
    # The longest designs come last in the list and are begun first.
    tasks = [(name, arguments.samples, arguments.seed) for name in chosen]
    with ProcessPoolExecutor() as processes:
        begun = [processes.submit(lines_of, task) for task in reversed(tasks)]
        for each in reversed(begun):
            found, cost = each.result()
            seconds += cost
            lines += found
            for line in found:
                print(
                    f"{line['design']:36} {line['estimator']:33} {line['target']:10} {line['truth']:9.4g}"
                    f" {line['bias']:8.2g} {line['monte_carlo_error']:8.2g} {line['bias_in_errors']:9.2f}"
                    f" {line['mean_standard_error'] / line['spread']:9.3f} {line['coverage']:6.1%}"
                )
            sys.stdout.flush()
    print(
        f"{arguments.samples:,} samples of each design, {seconds:.0f} CPU seconds,"
        f" {time.monotonic() - began:.0f} s"
    )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
