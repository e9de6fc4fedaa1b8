"""The household survey: a stratified sample of area segments, with weights and 80 replicate weights.

The frame is everyone who lives here on the last day. Households of a stratum are laid out in segments of
about ten neighbours; segments are drawn without replacement and all households in one are visited. One
household in twelve does not answer, whoever it is; weights are raised so that each region's add up to its
population.

Replicates are a grouped jackknife. Each of the 40 strata's segments fall at random into two groups; a
replicate takes weight from one group, gives it to the other and raises all weights anew. What it takes
is a share of sqrt(1 - f), with f the stratum's sampling fraction: drawing without replacement from a
finite number of segments varies less than leaving whole groups out would say. The variance is 0.5 times
the sum of the 80 squared deviations from the estimate, on 40 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from sojourn.demo.country import NEVER, Floats, Integers, areas, regions
from sojourn.demo.papers import chance
from sojourn.demo.people import Flags, Persons, Reason, Rng, region_of_stratum, year_of
from sojourn.demo.spss import Variable, write_spss
from sojourn.demo.truth import Truth
from sojourn.demo.work import activities, ages, educations
from sojourn.demo.writing import DeliveredFile

__all__ = ["COEFFICIENT", "REPLICATES", "Design", "Frame", "Sample", "Survey", "design", "draw"]

REPLICATES = 80
COEFFICIENT = 0.5
NO_ANSWER = 999
_NOT_ANSWERING = 1 / 12
_ITEM_MISSING = 0.015


@dataclass(frozen=True)
class Frame:
    """Everyone who could be drawn, with what they would answer."""

    person: Integers
    household: Integers
    stratum: Integers
    sex: Integers
    age: Integers
    birthplace: Integers
    citizenship: Integers
    mother: Integers
    father: Integers
    arrival_year: Integers
    reason: Integers
    activity: Integers
    education: Integers

    def __len__(self) -> int:
        return len(self.person)

    @staticmethod
    def of(
        seed: int, persons: Persons, lives_here: Integers, first_person: int, first_household: int
    ) -> Frame:
        """The frame's part from one block; small integers, since the whole frame is kept."""
        identifier = first_person + np.arange(len(persons))
        year = np.where(persons.first_arrival < NEVER, year_of(np.minimum(persons.first_arrival, 30_000)), 0)
        small, wide = np.int8, np.int64
        columns: tuple[tuple[Integers, type[np.signedinteger[Any]]], ...] = (
            (identifier, wide), (first_household + persons.household, wide), (persons.stratum, small),
            (persons.sex, small), (ages(persons), np.int16), (persons.birthplace, small),
            (persons.citizenship, small), (persons.mother_birthplace, small),
            (persons.father_birthplace, small), (year, np.int16), (persons.reason, small),
            (activities(seed, identifier, persons), small),
            (educations(seed, identifier, persons), small),
        )  # fmt: skip
        kept: list[Any] = [values[lives_here].astype(kind) for values, kind in columns]
        return Frame(*kept)

    @staticmethod
    def joined(parts: list[Frame]) -> Frame:
        """The whole frame."""
        return Frame(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Frame))
        )


@dataclass(frozen=True)
class Design:
    """Which segment each person of the frame lives in, and how many segments are drawn in each stratum."""

    segment: Integers
    stratum_of_segment: Integers
    first_segment: Integers
    segments: Integers
    drawn: Integers
    region_population: Floats


@dataclass(frozen=True)
class Sample:
    """Who answered (rows of the frame, by stratum), the segment, the weight and the replicate weights."""

    row: Integers
    segment: Integers
    weight: Floats
    replicates: Floats


def design(frame: Frame, persons_wanted: int) -> Design:
    """Lay out segments and share out the sample.

    Raises: ValueError when a stratum has fewer than two segments: the country is too small for the design.
    """
    strata = int(regions().strata.sum())
    household, member = np.unique(frame.household, return_inverse=True)
    stratum = np.zeros(len(household), dtype=np.int64)
    stratum[member] = frame.stratum
    per_segment = int(np.clip(len(household) // 1500, 2, 10))
    order = np.lexsort((_neighbourhood(household), stratum))
    households = np.bincount(stratum, minlength=strata)
    place = np.arange(len(household)) - np.repeat(households.cumsum() - households, households)
    segments = np.maximum(households // per_segment, 1)
    first = segments.cumsum() - segments
    if (segments < 2).any():
        raise ValueError("The country is too small for the survey: a stratum has fewer than two segments.")
    of_household = np.empty(len(household), dtype=np.int64)
    number = np.minimum(place // per_segment, np.repeat(segments, households) - 1)
    of_household[order] = np.repeat(first, households) + number
    wanted = persons_wanted * segments.sum() / len(frame)
    share = 2 * np.round(wanted * segments / segments.sum() / 2).astype(np.int64)
    taken = np.clip(share, 2, segments // 2 * 2)
    population = np.bincount(region_of_stratum()[frame.stratum], minlength=len(regions().code)).astype(float)
    return Design(
        of_household[member], np.repeat(np.arange(strata), segments), first, segments, taken, population
    )


def _neighbourhood(household: Integers) -> Floats:
    """Where each household lives along its stratum's streets.

    Most moved in anywhere; the rest live beside those who came when they did, so that segments are a
    little alike inside, as in life.
    """
    by_arrival = np.arange(len(household)) / max(len(household), 1)
    return np.where(chance(0, 13, household) < 0.8, chance(0, 14, household), by_arrival)


def draw(rng: Rng, frame: Frame, plan: Design) -> Sample:
    """Draw segments, lose the households that do not answer, weight the rest."""
    group = _groups(rng, plan)
    silent = rng.random(int(frame.household.max()) - int(frame.household.min()) + 1) < _NOT_ANSWERING
    answers = (group[plan.segment] >= 0) & ~silent[frame.household - frame.household.min()]
    row = np.flatnonzero(answers)
    row = row[np.argsort(plan.segment[row], kind="stable")]
    segment = plan.segment[row]
    stratum = plan.stratum_of_segment[segment]
    base = (plan.segments / plan.drawn)[stratum]
    replicate = np.arange(REPLICATES)
    in_stratum = stratum[:, None] == replicate // 2
    left_out = group[segment][:, None] == replicate % 2
    # Leaving a group out would shift by one; the finite number of segments calls for a little less.
    shift = np.sqrt(1 - plan.drawn / plan.segments)[stratum][:, None]
    factors = 1.0 + in_stratum * np.where(left_out, -shift, shift)
    every = np.column_stack([np.ones(len(row)), factors]) * base[:, None]
    raised = _raised(every, region_of_stratum()[stratum], plan.region_population)
    return Sample(row, segment, raised[:, 0], raised[:, 1:])


def _groups(rng: Rng, plan: Design) -> Integers:
    """The group (0 or 1) of each segment drawn; -1 for those that are not. Groups of a stratum are equal."""
    luck = rng.random(len(plan.stratum_of_segment))
    order = np.lexsort((luck, plan.stratum_of_segment))
    place = np.arange(len(order)) - plan.first_segment[plan.stratum_of_segment[order]]
    group = np.full(len(order), -1)
    group[order] = np.where(place < plan.drawn[plan.stratum_of_segment[order]], place % 2, -1)
    return group


def _raised(weights: Floats, region: Integers, population: Floats) -> Floats:
    """Weights whose sum in each region is its population; rows are in the order of regions."""
    present, starts = np.unique(region, return_index=True)
    sums = np.add.reduceat(weights, starts, axis=0)
    factors = np.ones((len(population), weights.shape[1]))
    factors[present] = population[present, None] / sums
    raised: Floats = weights * factors[region]
    return raised


class Survey:
    """The survey's file: SPSS, numbers only, as the field institute sends it."""

    source = "survey"

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self._seed = folder / self.source, seed
        self.folder.mkdir(parents=True, exist_ok=True)
        self._parts: list[Frame] = []

    def add(self, persons: Persons, is_resident: Flags, first_person: int, first_household: int) -> None:
        """Add a block's residents to the frame."""
        self._parts.append(
            Frame.of(self._seed, persons, np.flatnonzero(is_resident), first_person, first_household)
        )

    def close(self, rng: Rng, truth: Truth) -> list[DeliveredFile]:
        """Draw the sample and write the file."""
        frame = Frame.joined(self._parts)
        wanted = max(min(len(frame) // 20, 12_000), min(len(frame) // 2, 500))
        sample = draw(rng, frame, design(frame, wanted))
        refused = rng.random((3, len(sample.row))) < _ITEM_MISSING
        path = self.folder / "survey-2024.sav"
        columns = {**_answers(frame, sample, refused), "WT": sample.weight}
        rows = np.column_stack([*columns.values(), sample.replicates])
        labels = [
            Variable(name, label, 12, places, codes) for name, (label, places, codes) in _labels().items()
        ]
        weights = [
            Variable(f"RW{at:02d}", f"Replicate weight {at}", 12, 6) for at in range(1, REPLICATES + 1)
        ]
        write_spss(path, "Household survey of Ruritania 2024", [*labels, *weights], rows)
        lines, person = np.arange(1, len(sample.row) + 1), frame.person[sample.row]
        truth.records(self.source, path.name, lines, person)
        for kind, flags in zip(
            ("mother_not_stated", "father_not_stated", "arrival_not_stated"), refused, strict=True
        ):
            at = np.flatnonzero(flags)
            truth.imperfect(kind, self.source, path.name, person[at], line=lines[at])
        return [DeliveredFile(self.source, path, "2024", len(sample.row))]


def _answers(frame: Frame, sample: Sample, refused: Flags) -> dict[str, Floats]:
    row = sample.row
    number = np.array([float(code) for code in (*areas().number, "998")])
    _, member = np.unique(frame.household[row], return_inverse=True)
    order = np.argsort(member, kind="stable")
    starts = np.flatnonzero(np.append(True, member[order][1:] != member[order][:-1]))
    place = np.empty(len(row))
    place[order] = np.arange(len(row)) - np.repeat(starts, np.diff(np.append(starts, len(row)))) + 1
    arrived = frame.arrival_year[row].astype(float)
    arrived[(arrived == 0) | refused[2]] = np.nan
    reason = frame.reason[row].astype(float) + 1
    reason[frame.reason[row] == Reason.NONE] = np.nan
    stratum = frame.stratum[row].astype(np.int64)
    return {
        "HHID": member + 1.0,
        "PNO": place,
        "STRATUM": stratum + 1.0,
        "PSU": sample.segment + 1.0,
        "REGION": region_of_stratum()[stratum] + 1.0,
        "SEX": frame.sex[row] + 1.0,
        "AGE": frame.age[row].astype(float),
        "COB": number[frame.birthplace[row]],
        "CTZ": number[frame.citizenship[row]],
        "COBM": np.where(refused[0], float(NO_ANSWER), number[frame.mother[row]]),
        "COBF": np.where(refused[1], float(NO_ANSWER), number[frame.father[row]]),
        "ARRYR": arrived,
        "REASON": reason,
        "ACT": frame.activity[row] + 1.0,
        "EDUC": frame.education[row].astype(float),
    }


def _labels() -> dict[str, tuple[str, int, dict[int, str]]]:
    table = areas()
    countries = {int(number): name for number, name in zip(table.number, table.name, strict=True)}
    countries |= {998: "Stateless", NO_ANSWER: "Not stated"}
    return {
        "HHID": ("Household", 0, {}),
        "PNO": ("Person in the household", 0, {}),
        "STRATUM": ("Sampling stratum", 0, {}),
        "PSU": ("Area segment", 0, {}),
        "REGION": ("Region", 0, {at + 1: name["en"] for at, name in enumerate(regions().name)}),
        "SEX": ("Sex", 0, {1: "Man", 2: "Woman"}),
        "AGE": ("Age in completed years", 0, {}),
        "COB": ("Country of birth", 0, countries),
        "CTZ": ("Citizenship", 0, countries),
        "COBM": ("Mother's country of birth", 0, countries),
        "COBF": ("Father's country of birth", 0, countries),
        "ARRYR": ("Year of arrival", 0, {}),
        "REASON": (
            "Main reason for coming",
            0,
            {1: "Work", 2: "Family", 3: "Study", 4: "Protection", 5: "Other"},
        ),
        "ACT": (
            "Activity",
            0,
            {1: "Employed", 2: "Unemployed", 3: "Outside the labour force", 4: "Under 15"},
        ),
        "EDUC": ("Education, ISCED 2011", 0, {}),
        "WT": ("Weight", 6, {}),
    }
