"""Names: a small lexicon for each culture, each name in its own script, in Cyrillic and in Latin spellings.

The lists hold common names of no particular person; surnames of cultures that build them from stems and
endings are put together here. Latin spellings are several because real ones are: they depend on the
language of the clerk, the year of the passport and the taste of the bearer. Cultures are coarse: Georgian
and Armenian names share a list, as do Arabic, Persian and Pashto ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.demo.country import Integers, areas, rows_of

__all__ = ["SPELLINGS", "Lexicon", "Names", "lexicon"]

SPELLINGS = 4


@dataclass(frozen=True)
class Names:
    """Surnames or given names as columns, in blocks: one block of rows for each culture (and sex).

    `latin` holds `SPELLINGS` rows for each name, repeated where a name has fewer.
    """

    native: pa.StringArray
    cyrillic: pa.StringArray
    latin: pa.StringArray
    first: Integers
    count: Integers


@dataclass(frozen=True)
class Lexicon:
    """All names, and the culture of each area.

    Surnames alternate men's and women's form: the surname of family name `f` is row `2 f + is_female`.
    Given names stand in blocks numbered `2 culture + is_female`.
    """

    surnames: Names
    given: Names
    culture_of_area: npt.NDArray[np.int8]


_Spelt = tuple[str, str, tuple[str, ...]]


def _spelt(native: str, cyrillic: str, latin: str) -> _Spelt:
    variants = latin.split("|")
    return native, cyrillic, tuple(variants[at % len(variants)] for at in range(SPELLINGS))


def _built(stems: list[dict[str, str]], endings: list[dict[str, str]]) -> list[_Spelt]:
    """Every stem with every ending, men's form before women's."""
    found = []
    for stem in stems:
        latin_stems = stem["latin"].split("|")
        for ending in endings:
            latin_endings = ending["latin"].split("|")
            for form in (0, 1):
                variants = [
                    latin_stems[at % len(latin_stems)]
                    + latin_endings[at % len(latin_endings)].split("/")[form]
                    for at in range(SPELLINGS)
                ]
                found.append(
                    _spelt(
                        stem["native"] + ending["native"].split("/")[form],
                        stem["cyrillic"] + ending["cyrillic"].split("/")[form],
                        "|".join(variants),
                    )
                )
    return found


def _as_names(blocks: list[list[_Spelt]], forms: int) -> Names:
    flat = [name for block in blocks for name in block]
    counts = np.array([len(block) // forms for block in blocks], dtype=np.int64)
    return Names(
        pa.array([name[0] for name in flat], pa.string()),
        pa.array([name[1] for name in flat], pa.string()),
        pa.array([spelling for name in flat for spelling in name[2]], pa.string()),
        np.concatenate([[0], counts.cumsum()[:-1]]),
        counts,
    )


@cache
def lexicon() -> Lexicon:
    """The names of every culture that occurs in Ruritania."""
    lines = rows_of("names.csv")
    cultures = list(dict.fromkeys(line["culture"] for line in lines))

    def of(culture: str, kind: str) -> list[dict[str, str]]:
        return [line for line in lines if line["culture"] == culture and line["kind"] == kind]

    def plain(entries: list[dict[str, str]]) -> list[_Spelt]:
        return [_spelt(line["native"], line["cyrillic"], line["latin"]) for line in entries]

    surnames = [
        [name for name in plain(of(culture, "surname")) for _ in (0, 1)]
        + _built(of(culture, "stem"), of(culture, "suffix"))
        for culture in cultures
    ]
    given = [plain(of(culture, kind)) for culture in cultures for kind in ("given_m", "given_f")]
    positions = {culture: position for position, culture in enumerate(cultures)}
    return Lexicon(
        _as_names(surnames, 2),
        _as_names(given, 1),
        np.array([positions[culture] for culture in areas().culture], dtype=np.int8),
    )
