"""How a receipt and a proposal read on a screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sojourn.errors import shown
from sojourn.sources.reader import reasons as reader_reasons
from sojourn.sources.reasons import REASONS, explained

if TYPE_CHECKING:
    from sojourn.production.receive import Receipt
    from sojourn.sources.reader.dialect import Dialect
    from sojourn.sources.reader.proposal import Proposal

__all__ = ["arrival_line", "proposal_json", "proposal_text", "receipt_text"]

_STATES = {
    "accepted": "was taken in",
    "held": "is held",
    "already-delivered": "was delivered before; nothing changed",
    "same-records": "holds the records of a delivery that is already in force; nothing changed",
}


def receipt_text(receipt: Receipt, command: str = "sojourn") -> str:
    """What became of a delivery, the causes of trouble first and grouped, each with its remedy.

    `command` is how a command line begins, for the hint what to do next.
    """
    lines = [f"{shown(receipt.file_name)} ({receipt.source}, {receipt.period}) {_STATES[receipt.state]}."]
    if receipt.state not in ("accepted", "held"):
        return "\n".join([*lines, f"  Delivery {receipt.delivery}."])
    lines += [f"  {reason}" for reason in receipt.reasons_held]
    lines.append(
        f"  {receipt.physical_records} lines = {receipt.loaded} loaded + {receipt.quarantined} quarantined "
        f"+ {receipt.non_data} that are no data."
    )
    if receipt.supersedes is not None:
        lines.append(f"  It supersedes delivery {receipt.supersedes}, which is kept.")
    lines += [line for group in receipt.detail.get("problems", []) for line in _group_lines(group)]
    lines += [f"  Note: {warning['message']}" for warning in receipt.detail.get("warnings", [])]
    lines += _about_days(receipt)
    lines += [_delivered_before(other) for other in receipt.detail.get("elsewhere", [])]
    lines += [
        f"  Rule {rule}: {found['fails']} records do not keep it, {found['unknown']} cannot be judged."
        for rule, found in receipt.detail.get("checks", {}).items()
        if found["fails"] or found["unknown"]
    ]
    lines.append(f"  Delivery {receipt.delivery}. {_next_step(receipt, command)}")
    return "\n".join(lines)


def _group_lines(group: dict[str, Any]) -> list[str]:
    title, remedy = reason_words(group["reason"])
    where = (
        f"column {group['column']} ({group['letter']})"
        if group["column"]
        else (f"column {group['letter']}" if group["letter"] else "")
    )
    places = ", ".join(str(line) for line in group["first_lines"])
    more = " …" if group["records"] > len(group["first_lines"]) else ""
    return [
        f"  {group['records']:>7} × {group['reason']}{f', {where}' if where else ''}: {title}",
        f"            lines {places}{more}. {remedy}",
    ]


def _about_days(receipt: Receipt) -> list[str]:
    days = receipt.detail.get("days")
    if not days or days["within"] == days["dated"] or (not days["within"] and receipt.reasons_held):
        return []
    outside = days["dated"] - days["within"]
    return [
        f"  Note: {outside} of {days['dated']} records have their {days['column']} outside "
        f"{receipt.period.partition('/')[0]}; they run from {days['earliest']} to {days['latest']}."
    ]


def _delivered_before(other: dict[str, Any]) -> str:
    name, count = other["delivery"], other["records"]
    line = f"  Note: {count} records came with delivery {name} for {other['period']} too and count once."
    if not other["differing"]:
        return line
    return f"{line} In {other['differing']} of them {name} says something else, which counts until corrected."


def reason_words(code: str) -> tuple[str, str]:
    """A reason's sentence and its remedy, wherever the reason comes from."""
    if code in REASONS or code.startswith("check:"):
        reason = explained(code)
        return reason.title, reason.remedy
    found = reader_reasons.QUARANTINE[code]
    return found.title, found.remedy


def _next_step(receipt: Receipt, command: str) -> str:
    if receipt.state == "held":
        return 'Look at the file, or take it in with --accept-because "…".'
    if receipt.quarantined:
        return f"To mend the quarantined records: {command} quarantine {receipt.delivery} FILE"
    return f"Next: {command} run"


def proposal_text(proposal: Proposal, *, with_sample: bool) -> str:
    """A proposal as a person confirms it: what, why, and a sample."""
    dialect = proposal.dialect
    lines = ["Proposed, to be confirmed by a person:", f"  {arrival_line(dialect)}"]
    lines += [f"  - {sentence}" for sentence in proposal.evidence]
    rows = proposal.preview[:5] if with_sample else proposal.preview[:1]
    lines += ["  First records as read:" if with_sample else "  Columns as read (--sample shows records):"]
    lines += [f"    {' | '.join(row)}" for row in rows]
    return "\n".join(lines)


def arrival_line(dialect: Dialect) -> str:
    """The line `arrives:` that declares a dialect in a source's declaration."""
    parts: dict[str, str] = {"format": dialect.format}
    if dialect.format == "csv":
        parts |= {"encoding": dialect.encoding or "?", "separator": json.dumps(dialect.separator)}
        if dialect.quote != '"':
            parts["quote"] = json.dumps(dialect.quote or "")
        if dialect.escape != "doubled":
            parts["escape"] = dialect.escape
    if dialect.header_line != 1:
        parts["header_line"] = str(dialect.header_line)
    if dialect.non_data:
        parts["non_data"] = json.dumps(list(dialect.non_data), ensure_ascii=False)
    return f"arrives: {{{', '.join(f'{name}: {value}' for name, value in parts.items())}}}"


def proposal_json(proposal: Proposal, *, with_sample: bool) -> dict[str, Any]:
    """A proposal as plain values."""
    return {
        "dialect": proposal.dialect.to_json(),
        "arrives": arrival_line(proposal.dialect),
        "evidence": list(proposal.evidence),
        "confidence": proposal.confidence,
        "preview": [list(row) for row in (proposal.preview if with_sample else proposal.preview[:1])],
    }
