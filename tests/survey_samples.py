"""Small samples with known designs, made from a seed, and how each design is said here and in R."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.statistics import ReplicateDesign
from sojourn.statistics.survey import CalibratedTo, Stage, SurveyDesign, TaylorDesign
from sojourn.statistics.survey.replication import Replication, with_replicates

SHARED = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
ACS = SHARED / "us_acs_2011_ak_hi_80rep" / "persons.parquet"
NHANES = SHARED / "nhanes_demo" / "DEMO_I.parquet"
CALIBRATION_SHIFTS = (1.05, 1.1, 1.0, 1.08, 0.97, 1.03)
NESTED = "svydesign(id=~p,strata=~h,weights=~w,data=records,nest=TRUE)"
PAIRED = 'svrepdesign(data=records,weights=~w,repweights="replicate_",combined.weights=TRUE,{})'


@dataclass(frozen=True)
class Case:
    """Records with a design here and in R; `differs` names statistics that R defines otherwise, and why."""

    records: Callable[[], pa.Table]
    design: SurveyDesign
    in_r: str
    single: str = "fail"
    differs: dict[str, str] = field(default_factory=dict)


def _units(seed: int, per_stratum: tuple[int, int]) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(seed)
    rows = [
        (stratum, unit, second)
        for stratum in range(12)
        for unit in range(int(draw.integers(*per_stratum)))
        for second in range(int(draw.integers(2, 4)))
        for _ in range(int(draw.integers(2, 8)))
    ]
    return tuple(np.array(rows).T)


@cache
def sample(seed: int = 3, per_stratum: tuple[int, int] = (2, 5)) -> pa.Table:
    """Twelve strata with units within units, fractional weights, and answers that are not all stated."""
    stratum, unit, second = _units(seed, per_stratum)
    draw = np.random.default_rng(seed + 100)
    size = len(stratum)
    units = np.array([len(set(unit[stratum == each])) for each in range(12)])
    value = np.round(draw.gamma(2, 100, size) + stratum * 10, 1)
    return pa.table(
        {
            "h": stratum,
            "p": unit,
            "s": second,
            "pp": stratum * 100 + unit,
            "N": units[stratum] * 3,
            "M": np.full(size, 7),
            "w": np.round(draw.uniform(5, 90, size), 3),
            "g": draw.choice(["a", "b", "c"], size, p=[0.5, 0.3, 0.2]),
            "y": pa.array(value, mask=draw.random(size) < 0.07),
            "x": np.round(draw.uniform(1, 9, size), 2),
            "u": pa.array(draw.integers(0, 2, size), mask=draw.random(size) < 0.05),
        }
    )


def with_single_units() -> pa.Table:
    """The sample with two strata of which one unit is left."""
    table = sample()
    single = pc.and_(pc.is_in(table["h"], pa.array([3, 7])), pc.greater(table["p"], 0))
    return table.filter(pc.invert(single))


def calibrated() -> pa.Table:
    """A sample that states everything, calibrated by least squares to two margins and a number."""
    table, draw = sample(), np.random.default_rng(12)
    size = len(table)
    margin, number = draw.choice(["p", "q", "r"], size), np.round(draw.uniform(1, 5, size), 2)
    group, weight = np.asarray(table["g"]), np.asarray(table["w"])
    known = np.column_stack(
        [np.ones(size), group == "b", group == "c", margin == "q", margin == "r", number]
    ).astype(float)
    totals = weight @ known * np.array(CALIBRATION_SHIFTS)
    lagrange = np.linalg.solve(known.T @ (known * weight[:, None]), totals - weight @ known)
    stated = {name: table[name] for name in ("h", "p", "w", "g", "x")}
    stated |= {"y": pc.fill_null(table["y"], 200.0), "u": pc.fill_null(table["u"], 0)}
    return pa.table(stated | {"mm": margin, "z": number, "cw": weight * (1 + known @ lagrange)})


def paired() -> pa.Table:
    """A sample of two units in every stratum."""
    return sample(5, (2, 3))


def acs() -> pa.Table:
    """Alaska and Hawaii in the ACS of 2011: age, insurance and 80 replicate weights, some negative."""
    table = pq.read_table(ACS)
    columns = {
        "g": pc.binary_join_element_wise(table["st"], table["sex"].cast(pa.string()), "x"),
        "y": table["agep"],
        "x": pc.add(table["sex"], 1),
        "u": pc.equal(table["hicov"], 2).cast(pa.int64()),
        "w": table["pwgtp"],
    }
    return pa.table(columns | {f"replicate_{at}": table[f"pwgtp{at}"] for at in range(1, 81)})


def nhanes() -> pa.Table:
    """The NHANES of 2015–2016: income ratio by country of birth, strata of two or three units."""
    table = pq.read_table(NHANES)
    born = pc.if_else(
        pc.equal(table["DMDBORN4"], 1), "NB", pc.if_else(pc.equal(table["DMDBORN4"], 2), "FB", "_U")
    )
    citizen = pc.if_else(pc.less_equal(table["DMDCITZN"], 2), pc.subtract(table["DMDCITZN"], 1), None)
    return pa.table(
        {
            "g": pc.fill_null(born, "_U"),
            "y": table["INDFMPIR"],
            "x": pc.add(table["DMDHHSIZ"], 0),
            "u": citizen,
            "w": table["WTINT2YR"],
            "h": table["SDMVSTRA"],
            "p": table["SDMVPSU"],
        }
    )


def _taylor(*stages: Stage, **settings: str) -> TaylorDesign:
    return TaylorDesign("w", stages, numbered="within_strata", **settings)  # type: ignore[arg-type]  # by name


def _replicated(kind: str, in_r: str, records: Callable[[], pa.Table] = paired, **settings: object) -> Case:
    replication = Replication(kind, **settings)  # type: ignore[arg-type]  # by name
    design = _taylor(Stage("pp")) if kind == "jk1" else _taylor(Stage("p", "h"))
    return Case(
        lambda: with_replicates(records(), design, replication)[0],
        with_replicates(records(), design, replication)[1],
        in_r,
    )


_AVERAGE = dict.fromkeys(
    ("total", "mean", "ratio", "proportion", "quantile", "gap"),
    "R averages over the strata that have members of the group, Sojourn over all that were drawn",
)
CASES = {
    "units_in_strata": Case(sample, _taylor(Stage("p", "h")), NESTED),
    "finite_population": Case(
        sample, _taylor(Stage("p", "h", population="N")), NESTED.replace("TRUE", "TRUE,fpc=~N")
    ),
    "two_stages": Case(
        sample,
        _taylor(Stage("p", "h", population="N"), Stage("s", population="M")),
        "svydesign(id=~p+s,strata=~h,weights=~w,data=records,nest=TRUE,fpc=~N+M)",
    ),
    "each_record": Case(sample, _taylor(Stage("each_record")), "svydesign(id=~1,weights=~w,data=records)"),
    "records_in_strata": Case(
        sample, _taylor(Stage("each_record", "h")), "svydesign(id=~1,strata=~h,weights=~w,data=records)"
    ),
    "single_certainty": Case(
        with_single_units, _taylor(Stage("p", "h"), single_unit="certainty"), NESTED, "certainty"
    ),
    "single_around_zero": Case(
        with_single_units, _taylor(Stage("p", "h"), single_unit="around_zero"), NESTED, "adjust"
    ),
    "single_average": Case(
        with_single_units, _taylor(Stage("p", "h"), single_unit="average"), NESTED, "average", _AVERAGE
    ),
    "calibrated": Case(
        calibrated,
        TaylorDesign(
            "cw",
            (Stage("p", "h"),),
            numbered="within_strata",
            calibrated=CalibratedTo("w", (("g",), ("mm",)), ("z",)),
        ),
        f"calibrate({NESTED},~g+mm+z,colSums(model.matrix(~g+mm+z,records)*records$w)"
        f"*c({','.join(map(str, CALIBRATION_SHIFTS))}),calfun='linear')",
        differs={"proportion_beta": "R counts the records of the whole sample, where weights are calibrated"},
    ),
    "jkn": _replicated("jkn", f"as.svrepdesign({NESTED},type='JKn')", sample),
    "jk1": _replicated("jk1", "as.svrepdesign(svydesign(id=~pp,weights=~w,data=records),type='JK1')", sample),
    "jk2": _replicated("jk2", PAIRED.format("type='JK2'"), seed=4),
    "brr": _replicated("brr", PAIRED.format("type='BRR'")),
    "fay": _replicated("fay", PAIRED.format("type='Fay',rho=0.3"), rho=0.3),
    "bootstrap": _replicated(
        "bootstrap",
        PAIRED.format("type='bootstrap',scale=1/60,rscales=rep(1,60)"),
        sample,
        replicates=60,
        seed=9,
    ),
    "successive_difference": _replicated(
        "successive_difference", PAIRED.format("type='successive-difference'"), sample, replicates=24
    ),
}
REAL = {
    "acs": Case(
        acs,
        ReplicateDesign("successive_difference", tuple(f"replicate_{at}" for at in range(1, 81)), weight="w"),
        PAIRED.format("type='successive-difference'"),
    ),
    "nhanes": Case(nhanes, _taylor(Stage("p", "h")), NESTED),
}
