"""Protection: from estimates that may tell of persons to observations that may be published.

A figure is withheld for its own sake when it has contributors but fewer than the minimum; a figure of
nobody is published as the zero it is. Further figures are withheld until totals give none away (see
`secondary`). Which figures those are depends on the numbers of contributors alone, not on the figures: the
count, the share and the mean over the same persons and dimensions are withheld in the same cells, so that
none can be worked out from another.

Every withheld figure reads the same: no value, status `Q`, confidentiality `C`. To mark which of them were
withheld for the sake of others would tell a reader which have fewer persons than the minimum, and the sums
would then narrow those down to a few numbers; the report counts the two kinds.

Rounding comes after withholding and is never relied on by it. It is a function of the figure alone: the
same figure is rounded the same way everywhere and always. With rounding, the standard error is cut to two
significant digits and the coefficient of variation is that of the published numbers, so that neither tells
more than they do. A share is rounded to a step of 1, 2 or 5 in some decimal place, no finer than the step
of a count is of its base. Means are not rounded. A figure below half the step reads 0, as an empty one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import code_list
from sojourn.contracts.aggregates import Estimate, Observation
from sojourn.disclosure.cell_keys.figures import CHANGED, CellKeys, perturbed_estimates
from sojourn.disclosure.lattice import Flags, Integers, Numbers, lattice
from sojourn.disclosure.linkage_errors import ends_of_classes, errors_of_cells
from sojourn.disclosure.rules import PUBLICATION_RULES, ProtectionRules, PublicationRule
from sojourn.disclosure.secondary import Pattern, pattern
from sojourn.engine import Relation
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["PROTECTED_AS", "Protected", "ProtectedAs", "already_published", "observations_of", "protect"]

# What a figure is to its protection: counts and shares are rounded, shares and proportions are per cent.
ProtectedAs = Literal["count", "share", "proportion", "mean"]
PROTECTED_AS: tuple[ProtectedAs, ...] = ("count", "share", "proportion", "mean")
_ROUNDED = ("count", "share", "proportion")
PER_CENT_OF = ("share", "proportion")
SEAL = object()
_MISSING = "O"
PER_CENT = 100.0
_TOTAL = "_T"
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Protected:
    """Observations that may be published, with the report of how they were protected.

    Only `protect` makes one. The report holds no figure of any cell and can be written as JSON. The seal is
    not kept, so that no other figures are put in place of these.
    """

    observations: Relation
    report: dict[str, Any]
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise DisclosureRisk(
                "Figures can leave the secure zone only as `protect` returns them.", "Call `protect`."
            )


def protect(
    estimates: Relation,
    *,
    dimensions: Sequence[str],
    statistic: ProtectedAs,
    rules: ProtectionRules,
    within: Sequence[str] = (),
    linkage_errors: Relation | None = None,
    cell_keys: CellKeys | None = None,
) -> Protected:
    """Withhold what tells of few persons, prove that nothing gives it away, round, mark what is imprecise.

    `estimates` is one table with its inner cells; margins that it does not show are taken as unknown to the
    reader. `within` is that of the shares, which are published in per cent, as are
    proportions. Each time period is a table of
    its own. In the observations the dimension `sex` is the column `SEX`. `linkage_errors` is a `LinkageError`
    table of the same cells: each figure that is published, and is not zero, has the end of its error's class.
    With `cell_keys` nothing is withheld: every count, share or mean is perturbed instead and bears the
    status of a changed figure; of the rules only that of publication is used.

    Raises: DisclosureRisk where the standard of `secondary` cannot be met, or shares lack the base that
    they are shares of; ContractBroken if the estimates are no Estimate table.
    """
    if statistic not in PROTECTED_AS:
        raise ProjectError(f"There is no statistic {statistic!r}.", f"There are {', '.join(PROTECTED_AS)}.")
    dimensions = tuple(dimensions)
    table = Estimate.conform(estimates.to_arrow(), dimensions)
    table = table.sort_by([(name, "ascending") for name in (*dimensions, "time_period")])
    if cell_keys is not None:
        changed, report = perturbed_estimates(table, dimensions, statistic, within, cell_keys)
        shown = _changed_observations(changed, dimensions, statistic, rules, linkage_errors)
        return Protected(estimates.engine.relation(shown), report, SEAL)
    contributors = table.column("contributors").to_numpy()
    base = _persons_of_base(table, dimensions, within) if statistic == "share" else None
    if statistic == "proportion":
        base = contributors.astype(np.float64)
    is_primary = (contributors > 0) & (contributors < rules.minimum_contributors)
    is_withheld, patterns = _withheld(table, dimensions, contributors, rules)
    steps = _steps(table, base, rules.round_to) if rules.round_to and statistic in _ROUNDED else None
    factor = PER_CENT if statistic in PER_CENT_OF else 1.0
    linkage = _linkage_errors(table, dimensions, statistic, base, rules, linkage_errors)
    observations = observations_of(table, dimensions, is_withheld, steps, rules, factor, linkage)
    report = _report(table, dimensions, is_primary, is_withheld, statistic, rules, patterns)
    return Protected(estimates.engine.relation(observations), report, SEAL)


def already_published(figures: Relation, *, dimensions: Sequence[str], reason: str) -> Protected:
    """Figures that another body has published, as observations: there is nothing left to protect.

    `figures` has the dimensions, `time_period`, `value` and `status`. A figure without value is missing: for
    the reason that the publisher's status gives, else for an unknown one. The reason why nothing is protected
    is part of the report, which readers see.

    Raises: DisclosureRisk without a reason; ContractBroken if columns are absent.
    """
    if not reason.strip():
        raise DisclosureRisk(
            "Figures cannot pass unprotected without a reason.", "Say where they were published."
        )
    table = figures.to_arrow()
    value = _numbers(table, "value")
    given = pc.fill_null(table.column("status"), "A")
    without_value = [c.code for c in code_list("CL_OBS_STATUS") if c.attributes["has_value"] == "no"]
    why_missing = pc.if_else(pc.is_in(given, pa.array(without_value)), given, _MISSING)
    status = pc.if_else(pa.array(np.isnan(value)), why_missing, given)
    nothing = pa.nulls(table.num_rows, pa.float64())
    columns = {name.upper(): table.column(name) for name in dimensions} | {
        "TIME_PERIOD": table.column("time_period"),
        "OBS_VALUE": _nullable(value),
        "OBS_STATUS": status,
        "CONF_STATUS": pa.repeat(pa.scalar("F"), table.num_rows),
        "SE": nothing,
        "CV": nothing,
        "LINKAGE_SE": nothing,
    }
    observations = Observation.conform(pa.table(columns), tuple(name.upper() for name in dimensions))
    cells = {"all": table.num_rows, "published": table.num_rows}
    report = {"rules": {"none_because": reason}, "dimensions": list(dimensions), "cells": cells}
    return Protected(figures.engine.relation(observations), report, SEAL)


def _changed_observations(
    table: pa.Table,
    dimensions: tuple[str, ...],
    statistic: ProtectedAs,
    rules: ProtectionRules,
    linkage_errors: Relation | None,
) -> pa.Table:
    """Perturbed figures as they are published; what linkage adds to shares is not told beside them."""
    errors = linkage_errors if statistic != "share" else None
    linkage = _linkage_errors(table, dimensions, statistic, None, rules, errors)
    nothing = np.zeros(table.num_rows, bool)
    factor = PER_CENT if statistic in PER_CENT_OF else 1.0
    found = observations_of(table, dimensions, nothing, None, replace(rules, round_to=None), factor, linkage)
    status = pc.if_else(pc.equal(found["OBS_STATUS"], "A"), CHANGED, found["OBS_STATUS"])
    place = found.column_names.index("OBS_STATUS")
    return found.set_column(place, found.schema.field("OBS_STATUS"), status)


def _withheld(
    table: pa.Table, dimensions: tuple[str, ...], contributors: Integers, rules: ProtectionRules
) -> tuple[Flags, list[Pattern]]:
    """Which figures are withheld, and how that was found for each time period."""
    is_withheld = np.zeros(table.num_rows, bool)
    patterns = []
    for period in pc.unique(table.column("time_period")).to_pylist():
        rows = np.nonzero(pc.equal(table.column("time_period"), period).to_numpy(zero_copy_only=False))[0]
        found = _pattern(table.take(rows), dimensions, contributors[rows], rules)
        shown = found.is_withheld & (found.lattice.row >= 0)
        is_withheld[rows[found.lattice.row[shown]]] = True
        patterns.append(found)
    return is_withheld, patterns


def _pattern(
    table: pa.Table, dimensions: tuple[str, ...], contributors: Integers, rules: ProtectionRules
) -> Pattern:
    cells = lattice(table, dimensions, contributors)
    is_hidden = cells.row < 0
    shown = np.where(is_hidden, cells.mass, contributors[cells.row])
    is_primary = (shown < rules.minimum_contributors) & ~is_hidden
    return pattern(
        cells,
        minimum=rules.minimum_contributors,
        is_primary=is_primary,
        is_hidden=is_hidden,
        may_grow=rules.secondary,
    )


def _persons_of_base(table: pa.Table, dimensions: tuple[str, ...], within: Sequence[str]) -> Numbers:
    """The persons in the base of each share: a share tells of those left out of it as well.

    Raises: DisclosureRisk where the table does not show the base of one of its shares.
    """
    keys: list[pa.Array | pa.ChunkedArray] = [table.column("time_period")]
    bases: list[pa.Array | pa.ChunkedArray] = [table.column("time_period")]
    for name in dimensions:
        keys.append(table.column(name))
        bases.append(table.column(name) if name in within else pa.repeat(_TOTAL, table.num_rows))
    # The separator cannot stand in a code: the text of a row's codes names the row and no other.
    own = pc.binary_join_element_wise(*keys, _SEPARATOR)
    place = pc.index_in(pc.binary_join_element_wise(*bases, _SEPARATOR), own.combine_chunks())
    if place.null_count:
        raise DisclosureRisk(
            "Shares are to be protected without the totals that they are shares of.",
            "Make the shares with all their totals.",
        )
    found: Numbers = table.column("contributors").take(place).to_numpy().astype(np.float64)
    return found


def observations_of(
    table: pa.Table,
    dimensions: tuple[str, ...],
    is_withheld: Flags,
    steps: Numbers | None,
    rules: ProtectionRules,
    factor: float,
    linkage: tuple[Numbers, Numbers],
) -> pa.Table:
    """What is shown; `linkage` is what it adds to each error, and what one person changes."""
    value = _numbers(table, "value")
    error = np.sqrt(_numbers(table, "variance"))
    # Nobody has no sampling error of their own; what spread there is tells of persons with weight zero.
    error[table.column("contributors").to_numpy() == 0] = np.nan
    value[is_withheld] = np.nan
    error[is_withheld] = np.nan
    if rules.round_to is not None:
        value = value if steps is None else np.rint(value / steps) * steps
        error = _two_digits(error)
    with np.errstate(divide="ignore", invalid="ignore"):
        variation = np.where(value != 0, error / np.abs(value) * 100.0, np.nan)
    # As the value, so the error: zeros read alike, whoever is behind them.
    by_linkage, of_one = (np.where(np.isnan(value) | (value == 0), np.nan, one) for one in linkage)
    status = _statuses(value, variation, by_linkage, PUBLICATION_RULES[rules.publication])
    status[np.isnan(value)] = "M"
    status[is_withheld] = "Q"
    columns = {name.upper(): table.column(name) for name in dimensions} | {
        "TIME_PERIOD": table.column("time_period"),
        "OBS_VALUE": _nullable(value * factor + 0.0),
        "OBS_STATUS": pa.array(status.tolist(), pa.string()),
        "CONF_STATUS": pa.array(np.where(is_withheld, "C", "F").tolist(), pa.string()),
        "SE": _nullable(error * factor),
        "CV": _nullable(variation),
        "LINKAGE_SE": _nullable(ends_of_classes(by_linkage * factor, of_one * factor)),
    }
    return Observation.conform(pa.table(columns), tuple(name.upper() for name in dimensions))


def _statuses(value: Numbers, variation: Numbers, by_linkage: Numbers, rule: PublicationRule) -> Any:
    """The status of each figure by how imprecise sampling and linkage together make it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        in_doubt = np.hypot(np.nan_to_num(variation), np.nan_to_num(by_linkage / np.abs(value) * PER_CENT))
    status = np.full(len(value), "A", dtype="<U1")
    status[in_doubt > rule.publish] = rule.caution_status
    status[in_doubt > rule.caution] = rule.unreliable_status
    return status


def _linkage_errors(
    table: pa.Table,
    dimensions: tuple[str, ...],
    statistic: str,
    base: Numbers | None,
    rules: ProtectionRules,
    errors: Relation | None,
) -> tuple[Numbers, Numbers]:
    """What linkage adds to the error of each figure, and how much one person more or less changes it."""
    if errors is None:
        nothing = np.full(table.num_rows, np.nan)
        return nothing, nothing
    if statistic not in _ROUNDED:
        contributors = np.maximum(table.column("contributors").to_numpy(), 1)
        least = np.abs(_numbers(table, "value")) / contributors
    else:
        least = _steps(table, base, rules.round_to or 1) if base is not None else np.ones(table.num_rows)
    return errors_of_cells(errors.to_arrow(), table, dimensions), least


def _steps(table: pa.Table, base: Numbers | None, round_to: int) -> Numbers:
    """The step to which each figure is rounded: for a share, what the step of a count is of its base."""
    if base is None:
        return np.full(table.num_rows, float(round_to))
    finest = np.log10(round_to / np.maximum(base, 1.0))
    power = np.floor(finest)
    factor = np.select(
        [finest - power <= 0.0, finest - power <= np.log10(2), finest - power <= np.log10(5)], [1, 2, 5], 10
    )
    found: Numbers = factor * 10.0**power
    return found


def _two_digits(values: Numbers) -> Numbers:
    """Positive numbers cut to two significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(values)) - 1.0)
        cut = np.rint(values / step) * step
    return np.where(values > 0, cut, values)


def _numbers(table: pa.Table, name: str) -> Numbers:
    found: Numbers = pc.fill_null(table.column(name), float("nan")).to_numpy().copy()
    return found


def _nullable(values: Numbers) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _report(
    table: pa.Table,
    dimensions: tuple[str, ...],
    is_primary: Flags,
    is_withheld: Flags,
    statistic: str,
    rules: ProtectionRules,
    patterns: Sequence[Pattern],
) -> dict[str, Any]:
    contributors = table.column("contributors").to_numpy()
    inner = np.ones(table.num_rows, bool)
    for name in dimensions:
        inner &= pc.not_equal(table.column(name), _TOTAL).to_numpy(zero_copy_only=False)
    persons = int(np.sum(contributors[inner]))
    kept_back = int(np.sum(contributors[inner & is_withheld]))
    return {
        "rules": {
            "minimum_contributors": rules.minimum_contributors,
            "secondary": rules.secondary,
            "round_to": rules.round_to,
            "publication": rules.publication,
        },
        "statistic": statistic,
        "dimensions": list(dimensions),
        "cells": {
            "all": table.num_rows,
            "published": int(np.sum(~is_withheld)),
            "zero": int(np.sum(contributors == 0)),
            "withheld_primary": int(np.sum(is_withheld & is_primary)),
            "withheld_secondary": int(np.sum(is_withheld & ~is_primary)),
        },
        "audit": _audit(rules, patterns),
        # In whole per cent: a finer share could be multiplied with the total.
        "persons_withheld_percent": round(100 * kept_back / persons) if persons else 0,
    }


def _audit(rules: ProtectionRules, patterns: Sequence[Pattern]) -> dict[str, Any]:
    return {
        "standard": (
            "For each figure with too few persons another possible table was found, in whole persons, "
            "in which it has at least `width` persons more while every published figure and every sum "
            "stays; also for a reader who is the only person of another withheld figure."
        ),
        "width": rules.minimum_contributors,
        "figures_audited": int(sum(int(np.sum(found.is_primary)) for found in patterns)),
        "figures_failed": int(sum(int(np.sum(~found.is_proved)) for found in patterns)),
        "other_tables_found": int(sum(found.tables for found in patterns)),
        "passed": all(bool(np.all(found.is_proved)) for found in patterns),
    }
