"""Columns that identify persons and columns that do not, generated; for what finds the former by content.

Names come from the lists of the demonstration, which the detector does not know: 39 cultures, in the
spellings that registers have. Numbers have right check digits. Harmless columns are code lists, places,
languages, trades, amounts and days of events.
"""

from __future__ import annotations

import csv
import datetime
import random
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import pycountry

from sojourn.demo.names import SPELLINGS, Names, cultures, lexicon
from sojourn.disclosure.microdata.check_digits import SCHEMES

__all__ = ["RECORDS", "harmless_columns", "identifying_columns", "names_of_cultures"]

RECORDS = 300
Columns = dict[str, list[Any]]
_SENTENCES = (
    "came with {n} children and stayed for work",
    "left the country after {n} months and returned",
    "house was empty at visit {n}, neighbours did not know",
    "answered for {n} others, some questions were refused",
    "works {n} hours a week in a shop near the station",
)


def names_of_cultures(draw: random.Random) -> Mapping[str, Columns]:
    """For each culture 300 persons: surnames, given names, both, and both in the culture's script."""
    known = lexicon()
    return {
        culture.name: _persons(draw, known.surnames, 2 * number, known.given, 2 * number)
        for number, culture in enumerate(cultures())
    }


def _persons(draw: random.Random, surnames: Names, family: int, given: Names, own: int) -> Columns:
    found: Columns = {"surname": [], "given": [], "both": [], "native": []}
    # Surnames stand in one block for each culture, given names in two.
    block = family // 2
    for _ in range(RECORDS):
        is_female = draw.randrange(2)
        one = 2 * (surnames.first[block] + _common(draw, surnames.count[block])) + is_female
        other = given.first[own + is_female] + _common(draw, given.count[own + is_female])
        at = draw.randrange(SPELLINGS)
        latin = [
            names.latin[int(row) * SPELLINGS + at].as_py() for names, row in ((surnames, one), (given, other))
        ]
        native = [names.native[int(row)].as_py() for names, row in ((surnames, one), (given, other))]
        found["surname"].append(latin[0])
        found["given"].append(latin[1])
        found["both"].append(f"{latin[0]} {latin[1]}")
        found["native"].append(f"{native[0]} {native[1]}")
    return found


def _common(draw: random.Random, count: int) -> int:
    """A place in a list whose first names are the commonest."""
    return min(int(draw.expovariate(3) * count), int(count) - 1)


def identifying_columns(draw: random.Random) -> Columns:
    """Columns of which each holds identifiers of persons."""
    cultures_of = names_of_cultures(draw)
    found: Columns = {}
    for form in ("surname", "given", "both", "native"):
        for mixture in range(5):
            found[f"{form}, mixed {mixture}"] = [
                draw.choice(list(cultures_of.values()))[form][record] for record in range(RECORDS)
            ]
    for name, columns in cultures_of.items():
        found[f"whole names, {name}"] = columns["both"]
    for scheme, (lengths, check) in SCHEMES.items():
        found[scheme] = _passing(draw, lengths[0], check)
    found |= _contacts(draw)
    return found


def _passing(draw: random.Random, length: int, check: Callable[[Any], Any]) -> list[str]:
    """Numbers of a length that pass a check."""
    random_digits = np.random.default_rng(draw.randrange(2**32)).integers(0, 10, (RECORDS * 150, length))
    random_digits[:, 0] = np.maximum(random_digits[:, 0], 1)
    passing = random_digits[check(random_digits)][:RECORDS]
    return ["".join(map(str, row)) for row in passing]


def _contacts(draw: random.Random) -> Columns:
    def digits(size: int) -> str:
        return "".join(draw.choices("0123456789", k=size))

    def sentence() -> str:
        return draw.choice(_SENTENCES).format(n=draw.randrange(1, 9))

    births = [datetime.date(1935, 1, 1) + datetime.timedelta(draw.randrange(29_000)) for _ in range(RECORDS)]
    few = set(draw.sample(range(RECORDS), 3))
    inside = {
        "mail": "write to {}@example.org",
        "telephone": "call +48 {} in the evening",
        "birth": "born 12.03.19{}",
        "name": "asked for Mrs Kowalska at door {}",
    }
    found: Columns = {
        "mail": [f"p{digits(5)}@example.org" for _ in range(RECORDS)],
        "telephone": [f"+{draw.choice(['48', '7', '380', '90'])}{digits(9)}" for _ in range(RECORDS)],
        "own telephone": [f"0{digits(3)} {digits(3)} {digits(3)}" for _ in range(RECORDS)],
        "passport": [f"{draw.choice('ABCN')}{draw.choice('XYZ')}{digits(7)}" for _ in range(RECORDS)],
        "address": [
            f"{draw.randrange(1, 200)} {draw.choice(['Mill', 'Lake', 'Hill'])} Street" for _ in range(RECORDS)
        ],
        "born": births,
        "born, written": [day.strftime("%d.%m.%Y") for day in births],
        "case": [f"C-{number:06}" for number in draw.sample(range(10**6), RECORDS)],
    }
    for name, text in inside.items():
        found[f"{name} in remarks"] = [
            text.format(digits(2 if name == "birth" else 9)) if record in few else sentence()
            for record in range(RECORDS)
        ]
    return found


def harmless_columns(draw: random.Random) -> Columns:
    """Columns that tell no person from another by themselves."""

    def of(values: Any) -> list[Any]:
        return [draw.choice(list(values)) for _ in range(RECORDS)]

    found: Columns = {}
    for code_list in (
        "CL_ISCO08",
        "CL_ISIC4",
        "CL_PURPOSE",
        "CL_REASON",
        "CL_ISCED",
        "CL_AREA",
        "CL_ACTIVITY",
    ):
        with (files("sojourn.concepts") / "data" / f"{code_list}.csv").open(encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        for column in [name for name in rows[0] if name == "code" or name.startswith("name_")]:
            values = [row[column] for row in rows if row[column]]
            if values:
                found[f"{code_list} {column}"] = of(values)
    found["countries"] = of({country.name for country in pycountry.countries})
    found["languages"] = of({each.name for each in pycountry.languages if hasattr(each, "alpha_2")})
    for country in ("US", "GB", "FR", "DE", "RU", "IN", "CN", "BR", "TR", "IT", "ES", "PH", "NG", "UA", "MX"):
        places = [each.name for each in pycountry.subdivisions.get(country_code=country)]
        found[f"places of {country}"] = of(places[:60])
    days = [datetime.date(2021, 1, 1) + datetime.timedelta(number) for number in range(1_200)]
    found |= {
        "age": of(range(100)),
        "income": [round(draw.lognormvariate(7, 0.6)) for _ in range(RECORDS)],
        "large amount": [round(draw.lognormvariate(12, 0.8), -1) for _ in range(RECORDS)],
        "year of birth": of(range(1930, 2010)),
        "arrived": of(days),
        "arrived, written": [day.isoformat() for day in of(days)],
        "month": [f"2023-{month:02}" for month in of(range(1, 13))],
        "yes or no": of(["yes", "no", None]),
        "district": [f"D{number:03}" for number in of(range(40))],
        "postal district": [f"{number:05}" for number in of(range(10_000, 10_060))],
        "hours": of(range(60)),
        "percentage": [f"{draw.random():.1%}" for _ in range(RECORDS)],
    }
    return found
