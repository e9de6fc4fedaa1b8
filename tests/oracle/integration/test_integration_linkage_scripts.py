"""Published names in their own letters and romanised: how many sound alike, and how many would by chance."""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sojourn.integration.linkage.words import words_of

pytestmark = pytest.mark.oracle

# The least share of pairs that must sound alike. Hebrew writes few vowels and one letter for v, o and u;
# Korean and Khmer names are romanised by custom of families.
FLOORS = {
    "ARABIC": 0.90, "ARMENIAN": 0.95, "BENGALI": 0.95, "CYRILLIC": 0.95, "DEVANAGARI": 0.85, "GEORGIAN": 0.95,
    "GREEK": 0.95, "HANGUL": 0.60, "HEBREW": 0.45, "CJK": 0.80, "LATIN": 0.99, "KHMER": 0.35,
}  # fmt: skip
# Han letters of Japan, Korea and Viet Nam are read otherwise than in China. Romanised South Slavic and
# Belarusian names keep j and ŭ, which other Latin spellings do not mean so.
READ_OTHERWISE = {"CJK": {"JP", "KR", "VN"}, "CYRILLIC": {"RS", "ME", "MK", "BY"}}
DRAWN = 2_000


@dataclass(frozen=True)
class Share:
    """Pairs of one script: how many there are, how many sound alike, and what share of random ones does."""

    pairs: int
    alike: int
    by_chance: float


def shares_by_script(folder: Path) -> dict[str, Share]:
    pairs = set()
    for kind in ("forenames", "surnames"):
        with (folder / f"common-{kind}-by-country.csv").open(encoding="utf-8-sig", newline="") as opened:
            for row in csv.DictReader(opened):
                native, latin = row["Localized Name"], row["Romanized Name"]
                script = unicodedata.name(native[:1], "").split(" ")[0] if native else ""
                if latin and script in FLOORS and row["Country"] not in READ_OTHERWISE.get(script, ()):
                    pairs.add((script, native, latin))
    scripts, native, latin = (np.array(column) for column in zip(*sorted(pairs), strict=True))
    words, (ones, others) = words_of([pa.chunked_array([pa.array(part)]) for part in (native, latin)])

    def alike(one, other):
        return (words.bag[one] == words.bag[other]) | (words.joined[one] == words.joined[other])

    rng = np.random.default_rng(1)
    found = {}
    for script in FLOORS:
        here = np.flatnonzero(scripts == script)
        drawn = rng.choice(here, (DRAWN, 2))
        # The same romanised name under another native one is no chance.
        drawn = drawn[latin[drawn[:, 0]] != latin[drawn[:, 1]]]
        by_chance = float(alike(ones[drawn[:, 0]], others[drawn[:, 1]]).mean())
        found[script] = Share(len(here), int(alike(ones[here], others[here]).sum()), by_chance)
    return found


def test_romanised_names_sound_like_their_originals_and_seldom_like_others(shared_data):
    found = shares_by_script(shared_data / "names")
    print()
    for script, share in found.items():
        of_pairs = f"{share.alike} of {share.pairs} ({share.alike / share.pairs:.0%})"
        print(f"{script:<11} {of_pairs:<20} by chance {share.by_chance:.1%}, least {FLOORS[script]:.0%}")
    for script, share in found.items():
        assert share.pairs > 0
        assert share.alike / share.pairs >= FLOORS[script], script
        assert share.by_chance < share.alike / share.pairs / 10, script
    assert sum(share.pairs for share in found.values()) > 2_900
