"""What files of signs of life, registers and truth samples must be like before anything is made of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, Problem, shown
from sojourn.project.residence_declarations import ResidenceDeclaration

__all__ = ["require_register", "require_signs", "require_truth"]


def require_signs(file: Path, signs: pa.Table, declared: ResidenceDeclaration) -> None:
    """Refuse signs without a register, and of registers that are not declared.

    Signs without a person or a year belong to nobody and are left out before.
    """
    names = pa.array([register.id for register in declared.registers])
    strange = _count(pc.invert(pc.is_in(signs["register"], names)))
    if strange:
        _refuse(
            file,
            f"{strange:,} signs or more are of registers that are not declared.",
            "Declare the registers, with weight 0 where they should not count.",
        )


def require_register(file: Path, register: pa.Table, declared: ResidenceDeclaration) -> None:
    """Refuse rows without a person or year, two for one person and year, and codes that nobody knows."""
    empty = _count(pc.or_(pc.is_null(register["person_key"]), pc.is_null(register["year"])))
    if empty:
        _refuse(file, f"{empty:,} rows or more lack a person or a year.", "Fill them in, or take them out.")
    twice = len(register) - len(register.group_by(["person_key", "year"]).aggregate([]))
    if twice:
        _refuse(
            file,
            f"{twice:,} rows or more repeat another one's person and year.",
            "Keep one row for a person and year.",
        )
    groups = pa.array([group.id for group in declared.groups], pa.string())
    strange = _count(pc.and_(pc.is_valid(register["group"]), pc.invert(pc.is_in(register["group"], groups))))
    if strange:
        _refuse(
            file,
            f"{strange:,} rows or more are of groups that are not declared.",
            "Declare the groups, or leave the cells empty where the general rule holds.",
        )
    known = pa.array(["R", "N", "_U"])
    strange = _count(
        pc.and_(pc.is_valid(register["residence"]), pc.invert(pc.is_in(register["residence"], known)))
    )
    if strange:
        _refuse(
            file,
            f"the column residence has other codes than R, N and _U in {strange:,} rows or more.",
            "Write R for who lives here for certain, N for who does not, and leave the others empty.",
        )


def require_truth(file: Path, truth: pa.Table, declared: ResidenceDeclaration) -> None:
    """Refuse an empty sample, rows that lack something, people twice, and years outside the declared ones."""
    if not len(truth):
        _refuse(file, "there is nobody in the truth sample.", "Give people whose residence is known.")
    empty = sum(column.null_count for column in truth.columns)
    if empty:
        _refuse(file, f"{empty:,} cells are empty.", "Take out people whose residence is not known.")
    if pc.count_distinct(truth["person_key"]).as_py() < len(truth):
        _refuse(file, "some people are in the sample more than once.", "Keep one row for a person.")
    years = declared.years
    out = _count(pc.or_(pc.less(truth["year"], years.first + 1), pc.greater(truth["year"], years.last)))
    if out:
        _refuse(
            file,
            f"{out:,} rows are of other years than {years.first + 1} to {years.last}.",
            "The index of a year needs the signs of the year before: declare more years, or take rows out.",
        )


def _count(claims: pa.ChunkedArray) -> int:
    return pc.sum(claims).as_py() or 0


def _refuse(file: Path, message: str, remedy: str) -> None:
    raise DataRefused(Problem(shown(file.name), None, message, remedy))
