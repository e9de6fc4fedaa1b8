"""Two files of records of one country with declared noise, their names from published lists.

The lists (`names/common-forenames-by-country.csv` and `common-surnames-by-country.csv` in the folder that
SOJOURN_SHARED_DATA names) give each name in its own script and in Latin letters. They are short, so half of
the surnames are made of syllables. The first file is in Latin letters without noise; the second has what
`NOISE` declares. Seven of ten records have a partner at the default overlap.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["NOISE", "two_sources"]

SHARED = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
NOISE = {
    "own_script": 0.12,
    "names_swapped": 0.03,
    "letters_swapped": 0.03,
    "first_of_january": 0.07,
    "no_birth_date": 0.02,
    "other_region": 0.55,
    "no_document": 0.45,
    "other_document": 0.25,
    "other_citizenship": 0.03,
}
ALWAYS_JANUARY = 0.06
SYLLABLES = (
    *("ka", "ro", "mi", "ta", "len", "dov", "ski", "ber", "man", "go"),
    *("li", "zan", "rej", "dan", "pet", "vic", "sh", "ul", "am", "ir"),
)
Texts = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.int64]


def _names(kind: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    file = SHARED / "names" / f"common-{kind}-by-country.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["Romanized Name"]:
                pair = (row["Localized Name"], row["Romanized Name"].lower())
                found.setdefault(row["Country"], []).append(pair)
    return found


def _drawn(
    rng: np.random.Generator, lists: list[list[tuple[str, str]]], country: Numbers
) -> tuple[Texts, Texts]:
    """A name of each person's country in its own script and in Latin letters, some much more often."""
    sizes = np.array([len(names) for names in lists])
    starts = np.cumsum(sizes) - sizes
    native, latin = (np.array([pair[at] for names in lists for pair in names], object) for at in (0, 1))
    at = starts[country] + (sizes[country] * rng.random(len(country)) ** 1.6).astype(np.int64)
    return native[at], latin[at]


def _population(rng: np.random.Generator, size: int) -> dict[str, Texts]:
    given, surnames = _names("forenames"), _names("surnames")
    countries = sorted(c for c in given if len(given[c]) >= 10 and len(surnames.get(c, [])) >= 10)
    country = rng.integers(0, len(countries), size)
    own_given, latin_given = _drawn(rng, [given[c] for c in countries], country)
    own_surname, latin_surname = _drawn(rng, [surnames[c] for c in countries], country)
    made = np.array(["".join(rng.choice(SYLLABLES, rng.integers(2, 5))) for _ in range(20_000)], object)
    of_made = made[rng.integers(0, len(made), size)]
    is_made = rng.random(size) < 0.5
    year = (rng.integers(1940, 2010, size) - 1970).astype("datetime64[Y]")
    day = year.astype("datetime64[D]") + rng.integers(0, 365, size)
    day = np.where(rng.random(size) < ALWAYS_JANUARY, year.astype("datetime64[D]"), day)
    return {
        "own_surname": np.where(is_made, of_made, own_surname),
        "own_given_names": own_given,
        "surname": np.where(is_made, of_made, latin_surname),
        "given_names": latin_given,
        "birth_date": day.astype(str).astype(object),
        "sex": rng.integers(1, 3, size).astype(str).astype(object),
        "citizenship": np.array(countries, object)[country],
        "region": rng.integers(1, 60, size).astype(str).astype(object),
        "document_no": rng.integers(10**8, 10**9, size).astype(str).astype(object),
    }


def _with_noise(rng: np.random.Generator, clean: dict[str, Texts]) -> dict[str, Texts]:
    size = len(clean["surname"])
    hit = {what: rng.random(size) < share for what, share in NOISE.items()}
    found = {name: column.copy() for name, column in clean.items()}
    for name in ("surname", "given_names"):
        found[name] = np.where(hit["own_script"], clean[f"own_{name}"], clean[name])
        at = np.flatnonzero(rng.random(size) < NOISE["letters_swapped"])
        found[name][at] = [_slipped(rng, text) for text in found[name][at]]
    swapped = hit["names_swapped"]
    surname, given = found["surname"].copy(), found["given_names"].copy()
    found["surname"] = np.where(swapped, given, surname)
    found["given_names"] = np.where(swapped, surname, given)
    years = np.array([text[:4] + "-01-01" for text in clean["birth_date"]], object)
    dates = np.where(hit["first_of_january"], years, clean["birth_date"])
    found["birth_date"] = np.where(hit["no_birth_date"], None, dates)
    others = rng.integers(0, size, size)
    for name, what in (("region", "other_region"), ("citizenship", "other_citizenship")):
        found[name] = np.where(hit[what], clean[name][others], clean[name])
    new = rng.integers(10**8, 10**9, size).astype(str).astype(object)
    document = np.where(hit["other_document"], new, clean["document_no"])
    found["document_no"] = np.where(hit["no_document"], None, document)
    return found


def _slipped(rng: np.random.Generator, text: str) -> str:
    if len(text) < 3:
        return text
    at = int(rng.integers(0, len(text) - 1))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def two_sources(folder: Path, records: int, seed: int) -> tuple[Path, Path, Path]:
    """Write both files, and one of the person of each record; the same seed gives the same files."""
    rng = np.random.default_rng(seed)
    population = _population(rng, int(records * 1.3))
    files, persons = [], []
    for name, is_noisy in (("a", False), ("b", True)):
        chosen = rng.choice(len(population["surname"]), records, replace=False)
        own = {key: column[chosen] for key, column in population.items()}
        kept = _with_noise(rng, own) if is_noisy else own
        columns = {
            key: pa.array(column, pa.string()) for key, column in kept.items() if not key.startswith("own_")
        }
        identifiers = pa.array([f"{name}{at}" for at in range(records)])
        files.append(folder / f"{name}.parquet")
        pq.write_table(pa.table({"record_id": identifiers, **columns}), files[-1])
        persons.append(pa.table({"record_id": identifiers, "person": chosen.astype(str)}))
    pq.write_table(pa.concat_tables(persons), folder / "persons.parquet")
    return files[0], files[1], folder / "persons.parquet"
