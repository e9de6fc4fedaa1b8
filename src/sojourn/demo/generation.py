"""Generate Ruritania: its truth, what its ministries send, and the project that receives it.

The country is made in blocks of at most `BLOCK` residents, each from its own stream of random numbers, so
that ten million need no more memory than a few blocks and the survey's frame. The same seed and number
of persons give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sojourn.demo.border import Border
from sojourn.demo.journeys import journeys
from sojourn.demo.lives import lives
from sojourn.demo.permits import Permits
from sojourn.demo.project import write_project
from sojourn.demo.register import Register
from sojourn.demo.students import Students
from sojourn.demo.survey import Survey
from sojourn.demo.truth import Truth
from sojourn.demo.writing import DeliveredFile, write_manifest
from sojourn.errors import ProjectError

__all__ = ["SMALLEST", "Generated", "generate"]

BLOCK = 250_000
SMALLEST = 2_000
LARGEST = 10_000_000


@dataclass(frozen=True)
class Generated:
    """What was written where.

    `deliveries` are the files in the order in which they came; `rows` the sizes of the truth's tables.
    """

    folder: Path
    truth: Path
    deliveries: tuple[DeliveredFile, ...]
    rows: Mapping[str, int]


def generate(
    folder: Path,
    *,
    persons: int = 200_000,
    seed: int = 2024,
    keys: Path,
    on_progress: Callable[[float, str], None] = lambda done, what: None,
) -> Generated:
    """Write Ruritania into a folder: project, `deliveries/` and `truth/`.

    `persons` is how many live there when observation begins. `keys` is the folder, outside the project,
    that `sojourn.yaml` names; nothing is written there. `on_progress` is told the share done and what is
    being done.

    Raises: ProjectError when the folder holds something already or the number of persons is out of range.
    """
    if not SMALLEST <= persons <= LARGEST:
        raise ProjectError(
            f"A demonstration country cannot have {persons:,} persons.",
            f"Choose between {SMALLEST:,} and {LARGEST:,}.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(f"{folder} is not empty.", "Name another folder, or remove what lies there.")
    folder.mkdir(parents=True, exist_ok=True)
    on_progress(0.0, "project")
    write_project(folder, keys)
    return _written(folder, persons, seed, on_progress)


def _written(folder: Path, persons: int, seed: int, on_progress: Callable[[float, str], None]) -> Generated:
    out = folder / "deliveries"
    truth = Truth(folder / "truth")
    border, permits, students = Border(out, seed), Permits(out, seed), Students(out, seed)
    register, survey = Register(out, seed), Survey(out, seed)
    blocks = -(-persons // BLOCK)
    sizes = [persons // blocks + (at < persons % blocks) for at in range(blocks)]
    first_person = first_household = first_crossing = 0
    for block, size in enumerate(sizes):
        on_progress(block / (blocks + 1), f"people {block + 1}/{blocks}")
        rng = np.random.default_rng([seed, persons, block])
        known = lives(rng, size)
        everyone, crossings = journeys(rng, known)
        truth.persons(seed, everyone, known.is_resident, first_person, first_household)
        truth.lives(known, first_person)
        truth.crossings(crossings, first_person, first_crossing)
        on_progress((block + 0.5) / (blocks + 1), f"deliveries {block + 1}/{blocks}")
        border.add(rng, everyone, crossings, truth, first_person, first_crossing)
        permits.add(rng, everyone, known, crossings, truth, first_person)
        students.add(rng, everyone, known, truth, first_person)
        register.add(rng, everyone, known, truth, first_person)
        survey.add(known.persons, known.is_resident, first_person, first_household)
        first_person += len(everyone)
        first_household += int(everyone.household.max()) + 1
        first_crossing += len(crossings.person)
    on_progress(blocks / (blocks + 1), "survey")
    deliveries = [
        *border.close(),
        *permits.close(truth),
        *students.close(),
        *register.close(),
        *survey.close(np.random.default_rng([seed, persons, blocks]), truth),
    ]
    for source in dict.fromkeys(file.source for file in deliveries):
        write_manifest(out / source, [file for file in deliveries if file.source == source])
    truth.close()
    on_progress(1.0, "done")
    return Generated(folder, truth.folder, tuple(deliveries), dict(truth.rows))
