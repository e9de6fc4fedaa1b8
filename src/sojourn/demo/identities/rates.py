"""What is wrong on purpose in the files of the linkage country, as a declared table.

A share in `LINKAGE_RATES` is of all records of the source, unless the flaw is in `OF_THOSE_ABLE`: then of the
records that can have it at all (two surnames, a particle, a father's name, a document). Shares of all records
are drawn among those that can have the flaw, so that what is written has the share that is declared here.

The four files beside the border's are at least as hard against it as the measured set of 1.3 million persons
that the method reference describes: `FLOOR` repeats its rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from sojourn.demo.country import Floats
from sojourn.demo.people import Flags

__all__ = ["COVERAGE", "FLOOR", "LINKAGE_RATES", "OF_THOSE_ABLE", "PERSON_RATES", "SOURCES", "chosen"]

SOURCES = ("border", "register", "permits", "work", "survey")

# The share of persons in each file, of those who can be in it: citizens of Ruritania need no permit, and only
# those of working age work or study.
COVERAGE: Mapping[str, float] = MappingProxyType(
    {"border": 0.80, "register": 0.80, "permits": 0.72, "work": 0.62, "survey": 0.30}
)

PERSON_RATES: Mapping[str, float] = MappingProxyType(
    {
        "born_here_family": 0.08,
        "first_january_of_foreign_born": 0.07,
        "twin_of_sibling": 0.02,
        "son_named_after_father": 0.04,
        "married_name_since_arrival": 0.2,
        "naturalised": 0.06,
        "stateless": 0.004,
    }
)

_BESIDE_BORDER: Mapping[str, float] = MappingProxyType(
    {
        "surname_variant": 0.46,
        "given_names_variant": 0.46,
        "second_surname_left_out": 0.36,
        "names_swapped": 0.031,
        "surname_misspelt": 0.034,
        "given_names_misspelt": 0.034,
        "birth_date_null": 0.021,
        "born_first_january": 0.072,
        "day_and_month_unknown": 0.004,
        "day_and_month_swapped": 0.016,
        "birth_date_slip": 0.016,
        "region_moved": 0.56,
        "document_null": 0.46,
        "document_changed": 0.47,
        "citizenship_changed": 0.032,
        "particle_rewritten": 0.3,
        "second_given_left_out": 0.3,
        "married_name": 0.85,
        "sex_wrong": 0.003,
        "entered_twice": 0.006,
    }
)

LINKAGE_RATES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "border": MappingProxyType(
            {
                "surname_misspelt": 0.004,
                "given_names_misspelt": 0.004,
                "birth_date_slip": 0.002,
                "document_null": 0.01,
                "father_written": 0.05,
                "filler_kept": 0.04,
                "entered_twice": 0.004,
            }
        ),
        "register": MappingProxyType(
            {**_BESIDE_BORDER, "native_script": 0.13, "cyrillic": 0.82, "father_written": 0.55}
        ),
        "permits": MappingProxyType(
            {**_BESIDE_BORDER, "native_script": 0.13, "cyrillic": 0.1, "father_written": 0.12}
        ),
        "work": MappingProxyType(
            {
                **_BESIDE_BORDER, "native_script": 0.13, "cyrillic": 0.4, "father_written": 0.2,
                "national_id_known": 0.3,
            }
        ),
        "survey": MappingProxyType(
            {**_BESIDE_BORDER, "native_script": 0.14, "cyrillic": 0.3, "father_written": 0.1}
        ),
    }
)  # fmt: skip

OF_THOSE_ABLE = frozenset(
    {
        "second_surname_left_out", "particle_rewritten", "second_given_left_out", "married_name",
        "father_written", "filler_kept", "document_changed",
    }
)  # fmt: skip

FLOOR: Mapping[str, float] = MappingProxyType(
    {
        "native_script": 0.12,
        "surname_variant": 0.45,
        "given_names_variant": 0.45,
        "second_surname_left_out": 0.35,
        "names_swapped": 0.03,
        "surname_misspelt": 0.03,
        "given_names_misspelt": 0.03,
        "born_first_january": 0.07,
        "birth_date_null": 0.02,
        "day_and_month_swapped": 0.015,
        "birth_date_slip": 0.015,
        "region_moved": 0.55,
        "document_null": 0.45,
        "document_changed": 0.45,
        "citizenship_changed": 0.03,
    }
)


def chosen(luck: Floats, able: Flags, source: str, flaw: str) -> Flags:
    """Who gets a flaw: by a number in [0, 1) each, among those able to have it; nobody if not declared."""
    share = LINKAGE_RATES[source].get(flaw, 0.0)
    if flaw not in OF_THOSE_ABLE:
        share *= len(able) / max(int(np.count_nonzero(able)), 1)
    return able & (luck < share)
