"""Provisional migration figures against what became of them, month by month over 36 vintages.

    python benchmarks/provisional.py [--persons 100000] [--vintages 36] [--run NAME…] [--json FILE]

Ruritania's people cross its border for ten years. At the end of each month the figures of that month and of
those before it that are not final are estimated from what was known on that day, and compared with the final
ones: by learned probabilities, and by the propensity method in three readings, each as it can be applied on
that day and once more with the final shares of one year before, which nobody can know then. A trained
statistician sees the sexes, dates of birth, citizenships and visas that the border guard prints, and nothing
of the biography behind them.

Runs:
  visa       what the border guard prints; residence permits tell much of the future
  no-visa    the same without the visa
  changing   behaviour changes: students begin to stay, emigrants begin to come back, travel halves and
             recovers, immigration varies from month to month; with the visa
  changing-no-visa   the same without it

In 2020 Ruritania's border was closed to most journeys, so that no run is quite stationary.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.demo.border import printed_visas
from sojourn.demo.country import areas
from sojourn.demo.journeys import journeys
from sojourn.demo.lives import lives
from sojourn.demo.papers import passports
from sojourn.engine import Engine
from sojourn.integration.movements import Observation, classified_movements
from sojourn.statistics.provisional import (
    Histories,
    LearningWindow,
    Reading,
    Vintage,
    earliest_vintage,
    histories,
    propensity,
    replayed,
    revision_summary,
    revision_triangle,
)
from sojourn.statistics.provisional.flows import Flows, flows, months_in_window
from sojourn.statistics.provisional.histories import last_day_of_month, month_of, month_text

RULE = ResidenceRule(365, 487)
OBSERVED = Observation(datetime.date(2015, 1, 1), datetime.date(2024, 12, 31))
LAST_MONTH = 12 * (2024 - 1970) + 11
EVERYTHING = 1 << 30
Numbers = npt.NDArray[np.int64]


def crossings(persons: int, seed: int) -> pa.Table:
    """The true crossings of ten years, with what a border guard reads in the passport shown."""
    rng = np.random.default_rng([seed, persons, 0])
    everyone, made = journeys(rng, lives(rng, persons))
    who, number = made.person, np.arange(len(made.person))
    papers = passports(seed, everyone, 0, who, made.day, number)
    born = everyone.stated_birth_day[who].astype(np.int32)
    return pa.table(
        {
            "person_id": who,
            "crossing_id": number,
            "date": pa.array(made.day.astype(np.int32)).cast(pa.date32()),
            "direction": pa.array(["departure", "arrival"]).take(pa.array(made.direction)),
            "sex": pa.array(["M", "F"]).take(pa.array(everyone.sex[who])),
            "birth_date": pa.array(born).cast(pa.date32()),
            "citizenship": pa.array([*areas().code, "STLS"]).take(pa.array(papers.citizenship)),
            "visa": printed_visas(everyone, who, papers.citizenship),
        }
    )


def changed(made: pa.Table, seed: int) -> pa.Table:
    """The same country with behaviour that changes while it is watched."""
    draw = np.random.default_rng(seed)
    made = made.sort_by([("person_id", "ascending"), ("date", "ascending"), ("crossing_id", "ascending")])
    person = made["person_id"].to_numpy()
    day = made["date"].cast(pa.int32()).to_numpy().astype(np.int64)
    arrives = pc.equal(made["direction"], "arrival").to_numpy()
    visa = made["visa"].fill_null("-").to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(np.concatenate([[True], person[1:] != person[:-1]]))
    size = np.diff(np.concatenate([starts, [len(person)]]))
    last = np.zeros(len(person), bool)
    last[starts + size - 1] = True
    gone = np.zeros(len(person), bool)
    # Students: from 2021 on four in ten of those who came for some months do not leave.
    gone |= last & ~arrives & (visa == "S") & (day >= _day(2021, 1)) & (draw.random(len(day)) < 0.4)
    # Travel: half of the short journeys of 2022 are not made; persons with many crossings lose pairs.
    following = np.concatenate([day[1:] - day[:-1], [0]])
    is_pair = ~last & (following < 60)
    out = is_pair & ~arrives & (day >= _day(2022, 1)) & (day < _day(2023, 1)) & (draw.random(len(day)) < 0.5)
    gone |= out | np.concatenate([[False], out[:-1]])
    # Immigration: each month some of the people who come for the first time stay at home after all.
    month = month_of(day)
    share = draw.uniform(0.0, 0.4, int(month.max()) + 1)
    never = (draw.random(len(starts)) < share[month[starts]]) & arrives[starts] & (size <= 2)
    gone |= np.repeat(never, size)
    kept = made.filter(pa.array(~gone))
    # Emigrants: from July 2021 on a third of those who leave for good are back within a year.
    back = last & ~arrives & ~gone & (day >= _day(2021, 7)) & (day < _day(2024, 1)) & (visa != "T")
    back &= draw.random(len(day)) < 0.33
    returning = made.filter(pa.array(back))
    later = day[back] + draw.integers(130, 300, int(back.sum()))
    returning = returning.set_column(2, "date", pa.array(later.astype(np.int32)).cast(pa.date32()))
    returning = returning.set_column(3, "direction", pa.array(["arrival"] * len(returning)))
    fresh = np.arange(len(returning)) + len(made)
    return pa.concat_tables([kept, returning.set_column(1, "crossing_id", pa.array(fresh))])


def _day(year: int, month: int) -> int:
    return (datetime.date(year, month, 1) - datetime.date(1970, 1, 1)).days


def classified(made: pa.Table, until: datetime.date) -> pa.Table:
    """Which crossings changed residence, as far as it was certain on a day."""
    return classified_movements(made, rule=RULE, observation=Observation(OBSERVED.first, until))


def same_when_reclassified(made: pa.Table, known: Histories, month: int) -> bool:
    """Whether a classification made at a month's end tells what the later one is taken to tell of it."""
    until = int(last_day_of_month(np.array([month]))[0])
    then = classified(made, datetime.date(1970, 1, 1) + datetime.timedelta(until))
    then = then.filter(pc.less_equal(then["date"].cast(pa.int32()), until))
    place = np.argsort(known.table["crossing_id"].to_numpy())
    outcome = np.where(known.final <= until, known.outcome, 2)[place]
    outcome = outcome[known.days[place] <= until]
    order = np.argsort(then["crossing_id"].to_numpy())
    found = then["is_migration"].cast(pa.int8()).fill_null(2).to_numpy()[order]
    return bool((found == outcome).all())


def mean_absolute(
    said: Sequence[Flows], known: Histories, final: npt.NDArray[np.float64], first: int
) -> dict[str, float]:
    """The mean absolute revision of both directions together, and of the balance."""
    off = np.concatenate([final[:, each.months - first] - each.value for each in said], axis=1)
    return {"directions": float(np.abs(off[:2]).mean()), "net": float(np.abs(off[2]).mean())}


def calibration(made: Sequence[Vintage], known: Histories) -> list[dict[str, float]]:
    """Open crossings of all vintages by tenths of probability: what was said, and what came of it."""
    outcome = known.label(EVERYTHING) == 1
    chances = np.concatenate([each.chances for each in made])
    became = np.concatenate([outcome[each.rows] for each in made])
    tenth = np.minimum((chances * 10).astype(int), 9)
    found = []
    for at in range(10):
        these = tenth == at
        found.append(
            {
                "from": at / 10,
                "crossings": int(these.sum()),
                "said": float(chances[these].mean()) if these.any() else 0.0,
                "became": float(became[these].mean()) if these.any() else 0.0,
            }
        )
    found.append({"brier": float(((chances - became) ** 2).mean()), "base": float(became.mean())})
    return found


def run(name: str, made: pa.Table, vintages: int) -> dict[str, object]:
    """One run: all vintages, all methods, compared with the final figures."""
    features = ["sex", "citizenship"] + ([] if name.endswith("no-visa") else ["visa"])
    table = classified(made, OBSERVED.last)
    known = histories(
        table, rule=RULE, observed_from=OBSERVED.first, features=features, birth_date="birth_date"
    )
    last = LAST_MONTH - months_in_window(known)
    judged = range(last - vintages + 1, last + 1)
    learning = LearningWindow()
    before = [at for at in range(judged[0] - 24, judged[0], 4) if at >= earliest_vintage(known, learning)]
    began = time.monotonic()
    all_made = replayed(known, [*before, *judged], learning=learning)
    seconds = (time.monotonic() - began) / len(all_made)
    of_judged = all_made[len(before) :]
    first = int(of_judged[0].flows.months[0])
    finals = _finals(known, first, last)
    found: dict[str, object] = {
        "crossings": len(made),
        "vintages": f"{month_text(judged[0])} to {month_text(judged[-1])}",
        "seconds_a_vintage": seconds,
        "reclassified_alike": all(same_when_reclassified(made, known, at) for at in judged[:: vintages // 2]),
        "learned": mean_absolute([each.flows for each in of_judged], known, finals, first),
        "calibration": calibration(of_judged, known),
        "propensity": baselines(known, judged, finals, first),
    }
    triangle = revision_triangle([(e.flows, e.spread) for e in of_judged], finals, first, last)
    with Engine(threads=1) as engine:
        summary = revision_summary(engine.relation(triangle))
        found["revisions"] = summary.to_arrow().to_pylist()
    return found


def _finals(known: Histories, first: int, last: int) -> npt.NDArray[np.float64]:
    label = known.label(EVERYTHING)
    found = np.flatnonzero((label == 1) & (known.months >= first) & (known.months <= last))
    place = 2 * (known.months[found] - first) + known.sides[found]
    sides = np.bincount(place, minlength=2 * (last - first + 1)).reshape(-1, 2).T.astype(float)
    return np.vstack([sides, sides[1] - sides[0]])


def baselines(
    known: Histories, judged: Sequence[int], finals: npt.NDArray[np.float64], first: int
) -> dict[str, dict[str, float]]:
    """The propensity method's mean absolute revisions, by reading."""
    found = {}
    for reading in Reading:
        for looks_ahead in (False, True):
            said = []
            for month in judged:
                rows, counts = propensity(known, month, reading=reading, looks_ahead=looks_ahead)
                said.append(_counted(known, month, rows, counts))
            name = reading.value + (", final shares of a year before" if looks_ahead else "")
            found[name] = mean_absolute(said, known, finals, first)
    return found


def _counted(known: Histories, month: int, rows: Numbers, counts: npt.NDArray[np.float64]) -> Flows:
    shape = flows(known, month, rows[:0], counts[:0])
    place = 2 * (known.months[rows] - shape.months[0]) + known.sides[rows]
    sides = np.bincount(place, counts, minlength=2 * len(shape.months)).reshape(-1, 2).T
    value = np.vstack([sides, sides[1] - sides[0]])
    return Flows(month, shape.months, shape.decided, value, 0 * value, 0 * value)


def _show(name: str, found: dict[str, object]) -> None:
    learned, others = found["learned"], found["propensity"]
    print(
        f"\n{name}: {found['crossings']:,} crossings, vintages {found['vintages']},"
        f" {found['seconds_a_vintage']:.1f} s each; reclassified alike: {found['reclassified_alike']}"
    )
    print(f"{'mean absolute revision':<72} directions  less      net  less")
    print(f"{'learned probabilities':<72} {learned['directions']:>10.2f} {'':>5} {learned['net']:>8.2f}")
    for what, value in others.items():
        gain = [1 - learned[key] / value[key] for key in ("directions", "net")]
        print(f"{what:<72} {value['directions']:>10.2f} {gain[0]:>5.0%} {value['net']:>8.2f} {gain[1]:>5.0%}")
    print("flow         after  figures  mean rev  mean abs     rms  wrong sign  covered")
    for row in found["revisions"]:
        after = "all" if row["months_after"] < 0 else row["months_after"]
        print(
            f"{row['flow']:<12} {after:>5} {row['figures']:>8} {row['mean_revision']:>9.2f}"
            f" {row['mean_absolute_revision']:>9.2f} {row['root_mean_square_revision']:>7.2f}"
            f" {row['wrong_sign']:>11.1%} {row['covered']:>8.1%}"
        )
    print("said       crossings     said   became")
    *tenths, score = found["calibration"]
    for each in tenths:
        shares = f"{each['said']:>8.3f} {each['became']:>8.3f}"
        print(f"{each['from']:.1f} and up {each['crossings']:>9,} {shares}")
    print(f"Brier score {score['brier']:.5f}, share {score['base']:.5f}")


RUNS = ("visa", "no-visa", "changing", "changing-no-visa")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--persons", type=int, default=100_000)
    arguments.add_argument("--vintages", type=int, default=36)
    arguments.add_argument("--seed", type=int, default=2024)
    arguments.add_argument("--run", nargs="*", default=RUNS, choices=RUNS)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    made = crossings(chosen.persons, chosen.seed)
    found = {}
    for name in chosen.run:
        country = changed(made, chosen.seed) if name.startswith("changing") else made
        found[name] = run(name, country, chosen.vintages)
        _show(name, found[name])
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
