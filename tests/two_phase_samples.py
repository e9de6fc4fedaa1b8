"""A sample of two phases, made from a seed, and designs by which it may have been drawn, here and in R."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from sojourn.statistics.survey import SecondPhase, Stage, TaylorDesign


@dataclass(frozen=True)
class TwoPhaseCase:
    """A design and the same in R: identifiers, strata and sizes of both phases."""

    design: TaylorDesign
    in_r: str

    @property
    def drawn(self) -> str:
        """The column that says who was drawn again."""
        assert self.design.second_phase is not None
        return self.design.second_phase.drawn


@cache
def first_phase() -> pa.Table:
    """Four strata with units, households and persons, screened; of some are answers.

    `drawn` are persons drawn again within `screened`, `drawn_hh` households within `kind`. Of the weights
    `w…` are those of the first phase, which draws every third, fourth, fifth or sixth, and `v…` of both.
    """
    draw = np.random.default_rng(31)
    rows = [
        (stratum, unit, household)
        for stratum in range(4)
        for unit in range(3 + stratum % 2)
        for household in range(int(draw.integers(3, 6)))
        for _ in range(int(draw.integers(1, 4)))
    ]
    stratum, unit, household = np.array(rows).T
    size, own = len(stratum), np.arange(len(stratum))
    area, place = (_numbered(*keys) for keys in ((stratum, unit), (stratum, unit, household)))
    households = np.array([len(set(household[area == each])) for each in area])
    screened = draw.choice(["abroad", "here", "unsure"], size, p=[0.3, 0.5, 0.2])
    kind = draw.choice(["some", "none"], int(place.max()) + 1, p=[0.4, 0.6])[place]
    persons = _drawn_again(own, screened, {"abroad": 0.7, "here": 0.3, "unsure": 0.5}, draw)
    whole = _drawn_again(place, kind, {"some": 0.6, "none": 0.4}, draw)
    is_asked = (persons > 0) | (whole > 0)
    value = np.round(draw.gamma(2, 100, size) + stratum * 40 + 60 * (screened == "here"), 1)
    columns: dict[str, Any] = {
        "h": stratum,
        "p": unit,
        "area": area,
        "hh": household,
        "place": place,
        "id": own,
        "everyone": np.full(size, 4 * size),
        "of_stratum": np.bincount(stratum)[stratum] * 5,
        "units": 3 * (3 + stratum % 2),
        "in_unit": np.bincount(area)[area] * 2,
        "hh_in_unit": households * 2,
        "screened": screened,
        "kind": kind,
        "drawn": (persons > 0).astype(int),
        "drawn_hh": (whole > 0).astype(int),
        "g": pa.array(draw.choice(["a", "b", "c"], size, p=[0.5, 0.3, 0.2]), mask=~is_asked),
        "x": np.round(draw.uniform(1, 9, size), 2),
        "u": draw.integers(0, 2, size),
        "y": pa.array(value, mask=(draw.random(size) < 0.07) | ~is_asked),
    }
    columns |= {f"w{times}": np.full(size, times) for times in (3, 4, 5, 6)}
    columns |= {f"v{times}": times * persons for times in (3, 4, 5, 6)}
    columns |= {f"v{times}_hh": times * whole for times in (3, 6)}
    return pa.table(columns)


def _numbered(*keys: Any) -> Any:
    return np.unique(np.column_stack(keys), axis=0, return_inverse=True)[1].ravel()


def _drawn_again(unit: Any, stratum: Any, share: dict[str, float], draw: np.random.Generator) -> Any:
    """By row the units of its stratum for each one drawn, zero where it was not drawn."""
    found = np.zeros(len(unit))
    for name, part in share.items():
        held = np.unique(unit[stratum == name])
        drawn = draw.choice(held, round(part * len(held)), replace=False)
        found[np.isin(unit, drawn)] = len(held) / len(drawn)
    return found


def _case(weight: str, stages: tuple[Stage, ...], second: SecondPhase, in_r: str) -> TwoPhaseCase:
    return TwoPhaseCase(
        TaylorDesign(weight, stages, numbered="within_strata", second_phase=second), f"list({in_r})"
    )


_PERSONS = SecondPhase("drawn", "each_record", "both_phases", ("screened",))
_OF_FIRST = SecondPhase("drawn", "each_record", "first_phase", ("screened",))
_HOUSEHOLDS = SecondPhase("drawn_hh", "hh", "both_phases", ("kind",))
_OF_FIRST_HH = SecondPhase("drawn_hh", "hh", "first_phase", ("kind",))
_UNITS = Stage("p", "h", population="units")
CASES = {
    "records": _case(
        "v4",
        (Stage("each_record", population="everyone"),),
        _PERSONS,
        "id=list(~id,~id),strata=list(NULL,~screened),fpc=list(~everyone,NULL)",
    ),
    "records_in_strata": _case(
        "w5",
        (Stage("each_record", "h", population="of_stratum"),),
        _OF_FIRST,
        "id=list(~id,~id),strata=list(~h,~screened),fpc=list(~of_stratum,NULL)",
    ),
    "records_again_without_strata": _case(
        "w5",
        (Stage("each_record", "h", population="of_stratum"),),
        SecondPhase("drawn", "each_record", "first_phase"),
        "id=list(~id,~id),strata=list(~h,NULL),fpc=list(~of_stratum,NULL)",
    ),
    "units_then_records": _case(
        "v3",
        (_UNITS,),
        _PERSONS,
        "id=list(~area,~id),strata=list(~h,~screened),fpc=list(~units,NULL)",
    ),
    "two_stages_then_records": _case(
        "w6",
        (_UNITS, Stage("each_record", population="in_unit")),
        _OF_FIRST,
        "id=list(~area+id,~id),strata=list(~h,~screened),fpc=list(~units+in_unit,NULL)",
    ),
    "units_then_households": _case(
        "w3",
        (_UNITS,),
        _OF_FIRST_HH,
        "id=list(~area,~place),strata=list(~h,~kind),fpc=list(~units,NULL)",
    ),
    "two_stages_then_households": _case(
        "v6_hh",
        (_UNITS, Stage("hh", population="hh_in_unit")),
        _HOUSEHOLDS,
        "id=list(~area+place,~place),strata=list(~h,~kind),fpc=list(~units+hh_in_unit,NULL)",
    ),
}
