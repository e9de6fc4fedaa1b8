"""What is wrong with the records of a survey, and the weights with which those of two phases count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sojourn.engine import Relation
from sojourn.engine.survey_cubes import (
    drawn_again_statement,
    faults_statement,
    second_phase_faults_statement,
    weighted_again_statement,
)
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.exact_sums import Limits
from sojourn.statistics.survey.taylor_design import EACH_RECORD, CensusDesign, SecondPhase, TaylorDesign

__all__ = ["of_both_phases", "refuse_absent", "refuse_faulty", "refuse_negative", "refuse_repeated"]


def of_both_phases(
    records: Relation, design: TaylorDesign | ReplicateDesign | CensusDesign
) -> tuple[str | None, Relation]:
    """The statement that gives the records of two phases the weights that count, and these records.

    Of one phase there is no such statement, and the records are as they were. The columns that the design
    names are there.

    Raises: ContractBroken for records of which it is not known how they were drawn, or that have a weight of
    both phases without being drawn twice.
    """
    second = design.second_phase if isinstance(design, TaylorDesign) else None
    if second is None or not isinstance(design, TaylorDesign):
        return None, records
    refuse_faulty(records, (), design.columns, ())
    _refuse_unclear(records, second, design.weight)
    amounts = [design.weight]
    if design.calibrated is not None:
        drawn = records.engine.query(drawn_again_statement(second.drawn), {"records": records})
        refuse_faulty(drawn, (), design.calibrated.columns, ())
        amounts += [design.calibrated.base_weight, *design.calibrated.numbers]
    is_first = second.weight_covers == "first_phase"
    named = [name for stage in design.stages for name in (stage.stratum, stage.unit) if name]
    statement = weighted_again_statement(
        second.drawn,
        [] if is_first else list(dict.fromkeys(amounts)),
        weight=design.weight if is_first else None,
        strata=second.strata,
        unit=[] if second.unit == EACH_RECORD else list(dict.fromkeys([*named, second.unit])),
    )
    return statement, records.engine.query(statement, {"records": records})


def _refuse_unclear(records: Relation, second: SecondPhase, weight: str) -> None:
    statement = second_phase_faults_statement(second.drawn, weight)
    unclear, weighing = records.engine.query(statement, {"records": records}).rows()[0]
    if unclear:
        raise ContractBroken(
            f"{second.drawn} is neither 0 nor 1 in {unclear:,} records: it is not known who was drawn again.",
            "Write 1 for records of the second phase, and 0 for those that only the first phase drew.",
        )
    if weighing and second.weight_covers == "both_phases":
        raise ContractBroken(
            f"{weighing:,} records have a {weight}, and were not drawn at the second phase: a weight of both"
            " phases is of those alone who were.",
            "Leave it empty or 0 for them, or, if it is the weight of the first phase, declare"
            " `weight_covers: first_phase`.",
        )


def refuse_absent(types: Mapping[str, str], needed: Sequence[str]) -> None:
    """Refuse columns that the records do not have."""
    absent = sorted({name for name in needed if name not in types})
    if absent:
        raise ProjectError(
            f"The records have no column {', '.join(absent)}.",
            "Dimensions, measures, weights and what the design names are columns of the records.",
        )


def refuse_negative(limits: Limits, weights: Sequence[str]) -> None:
    """Refuse a main weight that is negative."""
    if weights and limits.smallest[weights[0]] < 0:
        raise ProjectError(
            f"The main weight {weights[0]} is negative in some records.",
            "Only replicate weights may be: look at how the weight was made.",
        )


def refuse_repeated(names: Sequence[str]) -> None:
    """Refuse names that stand for two things."""
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise ProjectError(
            f"{', '.join(twice)} is named twice among dimensions, conditions and measures.",
            "Give each a name of its own; a measure that is also a dimension needs a second column.",
        )


def refuse_faulty(
    records: Relation,
    dimensions: Sequence[str],
    design_columns: Sequence[str],
    fractional: Sequence[str],
) -> None:
    """Look in one pass for printed totals, NaN, and records of which it is not known how they were drawn."""
    if not dimensions and not design_columns and not fractional:
        return
    statement = faults_statement(dimensions, design_columns, fractional)
    found = records.engine.query(statement, {"records": records}).rows()[0]
    taken = [name for name, count in zip(dimensions, found, strict=False) if count]
    if taken:
        raise ContractBroken(
            f"Records hold the code of totals, _T, in {', '.join(taken)}.",
            "Printed totals are no records: take them out of the file.",
        )
    of_numbers = found[len(dimensions) + len(design_columns) :]
    strange = [name for name, count in zip(fractional, of_numbers, strict=True) if count]
    if strange:
        raise ContractBroken(
            f"{', '.join(strange)} holds NaN, which is neither a number nor missing.",
            "Write what is not stated as null, so that it is counted as not stated.",
        )
    for name, missing in zip(design_columns, found[len(dimensions) :], strict=False):
        if missing:
            raise ContractBroken(
                f"{name} is missing in {missing:,} record{'' if missing == 1 else 's'}: it is not known how"
                " they were drawn.",
                "Every record of a sample has its stratum, its unit and their sizes; a line with a printed"
                " total is no record.",
            )
