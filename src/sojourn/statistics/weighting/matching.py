"""Statistical matching: values that one file lacks, given by like persons of another without common persons.

Each recipient gets the values of a donor of the same class: one at random, or the nearest by what both files
say. How often a donor may give is limited if declared; the nearest donors are then those with the least sum
of distances over all recipients. The result makes sense for what both files know; of how the given values go
with the recipient's own it knows nothing beyond the classes and the distance (see `frechet`).

The same files and seed give the same donors, whatever the order of the rows.

Source: M. D'Orazio, M. Di Zio and M. Scanu, Statistical Matching: Theory and Practice, 2006, section 2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.donors import Class, nearest, nearest_within_limits, random_donors
from sojourn.statistics.weighting.gower import Likeness
from sojourn.statistics.weighting.margins import cell_name

__all__ = ["Matched", "MatchingRule", "matched"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MatchingRule:
    """What is given, and who gives.

    `give`: columns of the donors. `within`: columns of codes in which donor and recipient agree, an unknown
    code with an unknown one. `near`: columns by which the nearest donor is found, with `importance` where
    they do not count alike; `method: random` takes any donor of the class, with a chance by `donor_weight`
    where that is named. `most_uses`: how often a donor gives; without it, any number of times.
    """

    give: tuple[str, ...]
    method: Literal["random", "nearest"] = "nearest"
    within: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    most_uses: int | None = None
    donor_weight: str | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.give or len(set(self.give)) < len(self.give):
            raise ProjectError("A matching names what is given, each column once.", "List it in `give`.")
        if self.method not in ("random", "nearest"):
            raise ProjectError(
                f"There is no matching {self.method!r}.", "The methods are `random` and `nearest`."
            )
        if (self.method == "nearest") != bool(self.near):
            raise ProjectError(
                "Columns in `near` go with the method nearest, and only with it.",
                "Name columns that both files have, or declare `random`.",
            )
        if set(self.importance) - set(self.near):
            raise ProjectError("Importance is given to a column that is not in `near`.", "Add or drop it.")
        if self.most_uses is not None and self.most_uses < 1:
            raise ProjectError("A donor cannot give less than once.", "Declare 1 or more, or no limit.")
        if self.donor_weight is not None and (self.method != "random" or self.most_uses is not None):
            raise ProjectError(
                "Donors are drawn by their weight only at random and without a limit.",
                "Leave out `donor_weight` or `most_uses`.",
            )


@dataclass(frozen=True)
class Matched:
    """Recipients with their donors and what these gave, in the recipients' order; and what was done.

    `table`: the recipient's identifier, `donor`, `distance` (empty if at random), and the given columns.
    `uses`: each donor and how often it gave, none left out. `classes`: recipients, donors and mean distance
    of each class. Donors who do not state all that is to be given give nothing: `silent_donors`.
    """

    table: pa.Table
    uses: pa.Table
    classes: pa.Table
    silent_donors: int

    def to_json(self) -> dict[str, Any]:
        """What was done, in numbers."""
        uses = self.uses["uses"].to_numpy()
        distances = self.table["distance"]
        return {
            "recipients": len(self.table),
            "donors": len(uses),
            "silent_donors": self.silent_donors,
            "donors_used": int((uses > 0).sum()),
            "most_uses": int(uses.max(initial=0)),
            "mean_distance": pc.mean(distances).as_py(),
            "greatest_distance": pc.max(distances).as_py(),
        }


def matched(
    recipients: pa.Table,
    donors: pa.Table,
    rule: MatchingRule,
    *,
    recipient: str,
    donor: str,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Matched:
    """Recipients with values given by donors; `recipient` and `donor` name the columns that identify rows.

    `on_progress` is told how many recipients of how many have a donor.

    Raises: ProjectError for columns; DataRefused for identifiers that are missing or occur twice, for a class
    without donors, and for one whose donors may not give often enough.
    """
    require_columns(recipients, [recipient, *rule.within, *rule.near])
    needed = [donor, *rule.within, *rule.near, *rule.give, *filter(None, [rule.donor_weight])]
    require_columns(donors, needed)
    here, place = _sorted(recipients, recipient)
    there, _ = _sorted(donors, donor)
    states = np.ones(len(there), np.bool_)
    for name in rule.give:
        states &= pc.is_valid(there[name]).to_numpy(zero_copy_only=False)
    silent = int((~states).sum())
    there = there.filter(pa.array(states))
    likeness = Likeness(here, there, rule.near, rule.importance)
    weights = numbers_of(there, rule.donor_weight) if rule.donor_weight else np.ones(len(there))
    chosen, distance = np.zeros(len(here), np.int64), np.full(len(here), np.nan)
    rows, served = [], 0
    for each in _classes(here, there, rule):
        told = partial(_on_class, on_progress, served, len(here))
        donated, far = _donors(each, likeness, weights, rule, told)
        chosen[each.recipients], distance[each.recipients] = donated, far
        rows.append(_class_row(each, far))
        served += len(each.recipients)
        on_progress(served, len(here))
    table = _table(here, there, rule, chosen, distance, recipient, donor).take(pa.array(place))
    uses = pa.table({"donor": there[donor], "uses": np.bincount(chosen, minlength=len(there))})
    return Matched(table, uses, pa.Table.from_pylist(rows, _CLASSES), silent)


_CLASSES = pa.schema(
    [
        ("class", pa.string()),
        ("recipients", pa.int64()),
        ("donors", pa.int64()),
        ("mean_distance", pa.float64()),
    ]
)


def _sorted(table: pa.Table, name: str) -> tuple[pa.Table, Integers]:
    """A table in the order of its identifiers, and where each row of the given order is now."""
    column = table[name]
    if column.null_count:
        raise DataRefused(
            f"{column.null_count:,} rows have no {shown(name)}.", "Give every row an identifier."
        )
    twice = len(column) - pc.count_distinct(column).as_py()
    if twice:
        raise DataRefused(f"{twice:,} rows repeat a {shown(name)}.", "Keep one row for each identifier.")
    order = pc.sort_indices(table, [(name, "ascending")]).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return table.take(pa.array(order)), place


def _classes(here: pa.Table, there: pa.Table, rule: MatchingRule) -> list[Class]:
    """The classes that have recipients, with their donors.

    Raises: DataRefused for classes without donors, or with too few for the limit.
    """
    columns = codes_of(here, rule.within)
    of_donors = codes_of(there, rule.within)
    joined = {name: pa.concat_arrays([columns[name], of_donors[name]]) for name in rule.within}
    code, cells = crossing(joined, len(here) + len(there))
    mine, theirs = code[: len(here)], code[len(here) :]
    found = []
    for number, cell in enumerate(cells):
        each = Class(
            cell_name(rule.within, cell) if rule.within else "everybody",
            np.flatnonzero(mine == number), np.flatnonzero(theirs == number),
        )  # fmt: skip
        if len(each.recipients):
            _require_donors(each, rule.most_uses)
            found.append(each)
    return found


def _require_donors(each: Class, most_uses: int | None) -> None:
    recipients, donors = len(each.recipients), len(each.donors)
    if not donors:
        raise DataRefused(
            f"The class of {each.name} has {recipients:,} recipients and no donor.",
            "Merge the class with another in both files.",
        )
    if most_uses is not None and donors * most_uses < recipients:
        raise DataRefused(
            f"The class of {each.name} has {recipients:,} recipients and {donors:,} donors, each of whom may"
            f" give {most_uses:,} times.",
            f"Allow {-(-recipients // donors):,} times, or merge the class with another.",
        )


def _on_class(on_progress: Callable[[int, int], None], before: int, of: int, done: int) -> None:
    on_progress(before + done, of)


def _donors(
    each: Class, likeness: Likeness, weights: Floats, rule: MatchingRule, on_progress: Callable[[int], None]
) -> tuple[Integers, Floats]:
    """The donor of each recipient of a class, and how far it is."""
    if rule.method == "random":
        chosen = random_donors(each, weights, most_uses=rule.most_uses, seed=rule.seed)
        return chosen, np.full(len(chosen), np.nan)
    if rule.most_uses is None:
        return nearest(each, likeness, seed=rule.seed, on_progress=on_progress)
    return nearest_within_limits(each, likeness, most_uses=rule.most_uses)


def _class_row(each: Class, far: Floats) -> dict[str, Any]:
    return {
        "class": each.name,
        "recipients": len(each.recipients),
        "donors": len(each.donors),
        "mean_distance": None if np.isnan(far).any() else float(far.mean()),
    }


def _table(
    here: pa.Table,
    there: pa.Table,
    rule: MatchingRule,
    chosen: Integers,
    distance: Floats,
    recipient: str,
    donor: str,
) -> pa.Table:
    taken = there.take(pa.array(chosen))
    taken_names: Sequence[str] = [recipient, "donor", "distance"]
    clash = [name for name in rule.give if name in taken_names]
    if clash:
        raise ProjectError(
            f"The column {shown(clash[0])} cannot be given under its name.", "Rename it in the donors' file."
        )
    return pa.table(
        {
            recipient: here[recipient],
            "donor": taken[donor],
            "distance": pa.array(distance, from_pandas=True),
            **{name: taken[name] for name in rule.give},
        }
    )
