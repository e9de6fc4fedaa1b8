"""Whether a file may leave: identifiers that are left in it, and limits that it does not keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sojourn.disclosure.microdata import IdentifierFound
from sojourn.errors import Problem, shown
from sojourn.project.protection_declarations import ProtectionDeclaration

__all__ = ["breaches", "open_identifiers"]

_TEXTS = ("free text", "open text")
_NUMBER = "number of the record"


def open_identifiers(
    declared: ProtectionDeclaration, found: Sequence[IdentifierFound], file: str
) -> list[Problem]:
    """Identifiers found by content in columns that are to leave, but for those accepted with a reason.

    Amounts may differ from record to record without being numbers of records.
    """
    allows_text = declared.kept_limits().open_text is not False
    problems = []
    for each in found:
        if each.column in declared.accepted or (each.kind == _NUMBER and each.column in declared.numbers):
            continue
        if each.kind in _TEXTS and allows_text:
            continue
        message = (
            f"the column {shown(each.column)} looks like identifiers: {each.kind}."
            if each.is_column
            else f"the column {shown(each.column)} holds {each.kind} in {each.records:,} records."
        )
        remedy = "Name it under `identifiers`; if it is none, under `accepted` with the reason."
        problems.append(Problem(file, None, message, remedy))
    return problems


def breaches(
    declared: ProtectionDeclaration, risk: Mapping[str, Any], replication: Mapping[str, Any] | None
) -> list[Problem]:
    """Limits that a file does not keep. Synthetic files are judged by how many records equal a real one."""
    if declared.is_synthetic and replication is not None:
        return list(_synthetic(declared, replication))
    return [*_of_keys(declared, risk), *_of_sensitive(declared, risk)]


def _synthetic(declared: ProtectionDeclaration, replication: Mapping[str, Any]) -> Iterator[Problem]:
    limit = declared.kept_limits().highest_replicated
    if limit is not None and replication["share"] > limit:
        yield Problem(
            "", None,
            f"{replication['share']:.2%} of the synthetic records equal a real unique one, and at most"
            f" {limit:.2%} may.",
            "Leave `drop_replicas` on, or ask for larger leaves.",
        )  # fmt: skip


def _of_keys(declared: ProtectionDeclaration, risk: Mapping[str, Any]) -> Iterator[Problem]:
    limits = declared.kept_limits()
    if limits.least_agreeing is not None and risk["smallest"] < limits.least_agreeing:
        yield Problem(
            "", None,
            f"{_below(risk['too_few'], limits.least_agreeing):,} records have fewer than"
            f" {limits.least_agreeing} that agree in all keys.",
            "Make keys coarser with `recode` or `bands`, and add the step `suppress`.",
        )  # fmt: skip
    if limits.highest_risk is not None and risk["highest"] > limits.highest_risk:
        yield Problem(
            "", None,
            f"the risk of a record is {risk['highest']:.3g}, and {limits.highest_risk:.3g} is the limit.",
            "Let more records agree: make keys coarser, or raise `least` of the step `suppress`.",
        )  # fmt: skip
    if limits.highest_share is not None and risk["share"] > limits.highest_share:
        yield Problem(
            "", None,
            f"{risk['share']:.2%} of the records are expected to be recognised by who knows all keys, and"
            f" {limits.highest_share:.2%} is the limit.",
            "Make keys coarser with `recode` or `bands`.",
        )  # fmt: skip


def _of_sensitive(declared: ProtectionDeclaration, risk: Mapping[str, Any]) -> Iterator[Problem]:
    limit = declared.kept_limits().least_different
    for each in risk["diversity"] if limit is not None else ():
        if each["smallest"] is not None and each["smallest"] < limit:
            yield Problem(
                "", None,
                f"{_below(each['too_few'], limit):,} records agree in their keys with others who have fewer"
                f" than {limit} different values of {shown(each['column'])}.",
                "Make keys coarser, or recode, randomise or drop the sensitive column.",
            )  # fmt: skip


def _below(levels: Sequence[Mapping[str, Any]], level: int | None) -> int:
    return next((int(each["records"]) for each in levels if each["below"] == level), 0)
