"""Survey tables with standard errors: Sojourn beside svy and R `survey`, in one run.

    python benchmarks/survey.py [--persons 3000000] [--peers FOLDER] [--every-table] [--r-whole] [--json FILE]

(a) A sample of 200,000 persons in 500 strata of 20 units, 200 domains: total, mean and ratio by domain, their
variance linearised. (b) A census of 3,000,000 persons with 80 replicate weights: seven statistics by each of
the 15 crossings of domain (200), age (8), migrant and employed, which is a release of 105 tables; then the
same tables again, as a later release needs them.

Every program is a process of its own and reads the same generated files. CPU seconds are those of the work:
starting a program, loading it, compiling kernels and a first call on 500 records are left out for all, and
memory is the most that the whole process held. svy's cost of the 105 tables follows from 27 of them, unless
`--every-table` is given: one statistic by every crossing, all seven by domain and by all four dimensions. R
makes one table, by domain, of a part of the census; its cost grows with the persons. `--r-whole` gives it the
whole, which takes minutes and five gigabytes.

svy (PyPI) is installed into an environment of its own in FOLDER, or in a temporary one; R `survey` is used
where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PEERS = Path(__file__).with_name("survey_peers")
SVY = "svy==0.35.0"
TABLES = 105
Figures = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Measured:
    """What a program said of its CPU seconds, the most memory it held, and its figures with errors."""

    seconds: dict[str, float]
    mib: float
    figures: Figures


def measured(command: list[str], figures: Path) -> Measured:
    """Run a program, wait for its end, and read what it wrote."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{command[0]} ended with status {status}.")
        said.seek(0)
        seconds = json.loads(said.read())
    text = figures.read_text()
    if figures.suffix == ".json":
        found = {name: tuple(each) for name, each in json.loads(text).items()}
    else:
        lines = [line.split(";") for line in text.splitlines()]
        found = {name: (float(value), float(error)) for name, value, error in lines}
    return Measured(seconds, usage.ru_maxrss / 1024, found)


def largest_difference(ours: Figures, theirs: Figures) -> tuple[float, float, int]:
    """The largest relative difference of estimates and of standard errors, and how many were compared."""
    both = sorted(set(ours) & set(theirs))
    one, other = (np.array([side[name] for name in both], dtype=float) for side in (ours, theirs))
    # A cell of one person has no error; both then say nought, or one of them nothing.
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.where(one == other, 0.0, np.abs(one - other) / np.abs(other))
    value, error = np.nanmax(apart, axis=0)
    return float(value), float(error), len(both)


def environment_of_svy(folder: Path) -> Path:
    """The Python that has svy; its environment is made where there is none."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", SVY, "pyarrow"], check=True)
    return python


def has_r_survey() -> bool:
    """Whether R and its package `survey` are there."""
    command = ["Rscript", "-e", "library(survey)"]
    return shutil.which("Rscript") is not None and not subprocess.run(command, capture_output=True).returncode


def run(kind: str, given: argparse.Namespace, folder: Path, svy: Path) -> dict[str, Measured]:
    """What each program needs for one of the two."""
    file = folder / ("sample.parquet" if kind == "taylor" else "census.parquet")
    ours, theirs, of_r = (folder / name for name in ("ours.json", "svy.json", "r.txt"))
    here = [sys.executable, str(PEERS / "in_sojourn.py"), kind]
    found = {"sojourn": measured([*here, str(file), str(ours)], ours)}
    every = ["all"] if given.every_table else []
    command = [str(svy), str(PEERS / "in_svy.py"), kind, str(file), str(theirs), *every]
    found["svy"] = measured(command, theirs)
    if has_r_survey():
        part = file if kind == "taylor" else folder / "part.parquet"
        persons = given.sample if kind == "taylor" else given.part
        command = ["Rscript", str(PEERS / "in_survey.R"), kind, str(part.with_suffix(".bin")), str(persons)]
        found["R survey"] = measured([*command, str(of_r)], of_r)
        if part != file:
            found["sojourn, part"] = measured([*here, str(part), str(ours)], ours)
    return found


def show_taylor(found: dict[str, Measured], persons: int) -> dict[str, float]:
    """Print what the sample cost, and return ratios."""
    print(f"{persons:,} persons: total, mean, ratio by 200 domains, linearised; CPU seconds")
    print(f"{'program':<12}{'with reading':>14}{'without':>10}{'again':>8}{'MiB':>7}")
    for name, each in found.items():
        again = each.seconds.get("again", each.seconds["without reading"])
        with_, without = each.seconds["with reading"], each.seconds["without reading"]
        print(f"{name:<12}{with_:>14.3f}{without:>10.3f}{again:>8.3f}{each.mib:>7.0f}")
    ours = found["sojourn"].seconds
    ratios = {}
    for name in set(found) - {"sojourn"}:
        for what in ("with reading", "without reading"):
            ratios[f"{name}, {what}"] = found[name].seconds[what] / ours[what]
    return ratios


def show_replicates(found: dict[str, Measured], given: argparse.Namespace) -> dict[str, float]:
    """Print what the census cost, and return ratios."""
    ours, theirs = found["sojourn"].seconds, found["svy"].seconds
    first = {"sojourn": ours["cube"] + ours["tables"], "svy": theirs["read"] + theirs["tables"]}
    later = {"sojourn": ours["again"], "svy": theirs["tables"]}
    one = {"sojourn": ours["table by domain"], "svy": theirs["table by domain"]}
    if "R survey" in found:
        one["R survey"] = found["R survey"].seconds["table by domain"] * given.persons / given.part
    print(f"\n{given.persons:,} persons, 80 replicate weights; CPU seconds")
    print(f"{'program':<12}{'first 105 tables':>18}{'105 later':>12}{'one by domain':>15}{'MiB':>7}")
    for name in one:
        tables = [f"{each[name]:>{width}.2f}" if name in each else f"{'':>{width}}" for each, width in
                  ((first, 18), (later, 12))]  # fmt: skip
        mib = f"{found[name].mib:>7.0f}" if name in first else ""
        print(f"{name:<12}{''.join(tables)}{one[name]:>15.4f}{mib}")
    print(f"Of svy's 105 tables {theirs['tables measured']:.0f} were made; the rest follow from them.")
    if "R survey" in one and given.part < given.persons:
        print(f"R's seconds are those of {given.part:,} persons, raised to all.")
    ratios = {
        "svy, first release": first["svy"] / first["sojourn"],
        "svy, later release": later["svy"] / later["sojourn"],
        "svy, one table by domain": one["svy"] / one["sojourn"],
    }
    if "R survey" in one:
        ratios["R survey, one table by domain"] = one["R survey"] / one["sojourn"]
    return ratios


def show_agreement(kind: str, found: dict[str, Measured]) -> dict[str, tuple[float, float, int]]:
    """Print how far figures are apart from the peers'."""
    pairs = {"svy": ("sojourn", "svy"), "R survey": ("sojourn", "R survey")}
    if "sojourn, part" in found:
        pairs["R survey"] = ("sojourn, part", "R survey")
    apart = {}
    for name, (ours, theirs) in pairs.items():
        if theirs in found:
            apart[name] = largest_difference(found[ours].figures, found[theirs].figures)
            value, error, count = apart[name]
            print(f"{kind}: {count:,} figures of {name}: apart by {value:.1e}, their errors by {error:.1e}")
    return apart


def main() -> None:
    """Generate, measure, print tables and JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=200_000)
    parser.add_argument("--persons", type=int, default=3_000_000)
    parser.add_argument("--part", type=int, default=250_000, help="persons of the census that R is given")
    parser.add_argument("--peers", type=Path, help="where svy's environment is, or is made")
    parser.add_argument("--every-table", action="store_true", help="let svy make all 105 tables")
    parser.add_argument("--r-whole", action="store_true", help="give R the whole census")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    given.part = given.persons if given.r_whole else min(given.part, given.persons)
    with tempfile.TemporaryDirectory(prefix="sojourn-survey-") as name:
        folder = Path(name)
        sizes = [str(each) for each in (given.sample, given.persons, given.part)]
        subprocess.run([sys.executable, str(PEERS / "survey_data.py"), name, *sizes], check=True)
        svy = environment_of_svy(given.peers or folder / "peers")
        sample, census = (run(kind, given, folder, svy) for kind in ("taylor", "replicates"))
    ratios = show_taylor(sample, given.sample) | show_replicates(census, given)
    apart = {"sample": show_agreement("sample", sample), "census": show_agreement("census", census)}
    for what, ratio in sorted(ratios.items()):
        print(f"{what}: {ratio:,.1f} times the CPU of Sojourn")
    document = {
        "ratios": ratios,
        "apart": apart,
        "seconds": {kind: {name: each.seconds | {"mib": each.mib} for name, each in found.items()}
                    for kind, found in (("sample", sample), ("census", census))},
    }  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
