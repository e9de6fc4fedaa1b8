"""What a checker sees of a release: where it stands, what was found, its tables beside those before.

A release is walked with one key: from its page to each finding, to each table, page by page, and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response

from sojourn.dissemination.descriptions import text_in
from sojourn.dissemination.publication import ReleaseDescription, changed_files
from sojourn.errors import Problem, ProjectError
from sojourn.office.access import Asked
from sojourn.office.answering import at_the_gate, shown, workspace_of
from sojourn.production.desk import persons_behind
from sojourn.project.people import Person
from sojourn.project.permissions import is_permitted
from sojourn.release import Gate, State
from sojourn.release.acts import open_acts
from sojourn.release.cell_pages import SHOWN, CellPage, cell_page
from sojourn.release.draft_tables import TableBeside, protection_of, release_in, table_beside
from sojourn.release.looking import seen_by
from sojourn.release.protection_words import protection_words
from sojourn.release.votes import VOTES_NEEDED

__all__ = ["finding_page", "protection_page", "release_page", "seen_mark", "table_page"]

_DONE: Mapping[str, str] = {
    "accept": "Your answer is kept.",
    "check": "The release is checked and can be voted on.",
    "return": "The release is returned to its author.",
    "vote": "Your vote is in.",
    "publish": "The release is published.",
    "embargo": "The moment is set.",
    "lift": "The moment is taken back.",
    "withdraw": "The release is withdrawn.",
}
_FORMS = ("seen", "act", "reason", "comment", "at", "number")


@dataclass(frozen=True)
class Step:
    """The way to a page and what it is called."""

    address: str
    name: str


@dataclass(frozen=True)
class _Desk:
    """A release on somebody's desk."""

    gate: Gate
    person: Person
    seen: Mapping[str, Any]
    description: ReleaseDescription

    @property
    def address(self) -> str:
        return f"/releases/{self.seen['hash']}"

    def table_of(self, finding: Mapping[str, Any]) -> str | None:
        """The table that a finding is about; None if it is about the release."""
        return finding["subject"] if finding["subject"] in self.description.tables else None

    def open_findings(self) -> list[Mapping[str, Any]]:
        """The findings that somebody has still to mend or answer for."""
        return [f for f in self.seen["findings"] if f["severity"] != "note" and f["decided_by"] is None]

    def walk(self) -> list[str]:
        """The pages of the release, in the order in which a checker goes through them."""
        findings = [f"{self.address}/findings/{f['number']}" for f in self.seen["findings"]]
        return [self.address, *findings, *(f"{self.address}/tables/{t}" for t in self.description.tables)]

    def around(self, page: str) -> dict[str, Any]:
        """The page before and the page after one of the walk, which ends where it began."""
        walk = self.walk()
        at = walk.index(page)
        before = Step(walk[at - 1], _name(walk[at - 1])) if at else None
        following = walk[(at + 1) % len(walk)]
        return {"before": before, "after": Step(following, _name(following))}


def seen_mark(row: Mapping[str, Any]) -> str:
    """What a form says of the release as its writer saw it, so that a decision is not taken on another."""
    return f"{row['state']} {row['embargo'] or ''}".strip()


def release_page(
    request: Asked,
    release: str,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response[bytes]:
    """The page of a release; `typed` is what stood in the form that could not be done."""
    desk = _desk(request, release)
    kept = {name: (typed or {}).get(name, "") for name in _FORMS}
    languages = desk.description.languages
    return shown(
        request,
        "desk.html",
        status=status,
        **_about(desk),
        **desk.around(desk.address),
        open_acts=open_acts(desk.gate, desk.person, desk.seen),
        open_findings=desk.open_findings(),
        tables=[_table_row(desk, name) for name in desk.description.tables],
        changed_files=_changed(desk),
        supersedes=_superseded(desk),
        votes_in=next(r["votes"] for r in desk.gate.releases() if r["hash"] == release),
        votes_needed=VOTES_NEEDED,
        typed=kept | {f"reason-{tag}": (typed or {}).get(f"reason-{tag}", "") for tag in languages},
        languages=languages,
        problems=problems,
        done=_DONE.get(request.query_params.get("done", "")),
    )


def finding_page(
    request: Asked,
    release: str,
    number: int,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> Response[bytes]:
    """The page of one finding, with its cells and the form of the answer."""
    desk = _desk(request, release)
    finding = next((f for f in desk.seen["findings"] if f["number"] == number), None)
    if finding is None:
        raise ProjectError("The release has no such finding.", "Go back to the release.")
    table = desk.table_of(finding)
    beside = _beside(desk, table) if table is not None and finding["cells"] else None
    asked = request.query_params
    cells = _cells(request, desk, table, beside, finding) if table is not None and beside else None
    return shown(
        request,
        "finding.html",
        status=status,
        **_about(desk),
        **desk.around(f"{desk.address}/findings/{number}"),
        finding=finding,
        table=table,
        beside=beside,
        cells=cells,
        may_answer="accept" in open_acts(desk.gate, desk.person, desk.seen)
        and finding["severity"] == "decide",
        may_count=_may_count(desk) and cells is not None,
        counts=asked.get("counts") == "yes",
        next_open=_next_open(desk, number),
        typed={name: (typed or {}).get(name, "") for name in _FORMS},
        problems=problems,
        done=_DONE.get(asked.get("done", "")),
    )


def table_page(request: Asked, release: str, table: str) -> Response[bytes]:
    """A page of a table's cells, old beside new."""
    desk = _desk(request, release)
    beside = _beside(desk, table)
    page = _cells(request, desk, table, beside, None)
    address = f"{desk.address}/tables/{table}"
    around = desk.around(address)
    counts = "&counts=yes" if request.query_params.get("counts") == "yes" else ""
    if page.page < page.pages:
        following = f"{address}?show={page.show}&page={page.page + 1}{counts}"
        around["after"] = Step(following, f"page {page.page + 1}")
    if page.page > 1:
        earlier = f"{address}?show={page.show}&page={page.page - 1}{counts}"
        around["before"] = Step(earlier, f"page {page.page - 1}")
    return shown(
        request,
        "release-table.html",
        **_about(desk),
        **around,
        table=table,
        table_address=address,
        beside=beside,
        cells=page,
        kinds=SHOWN,
        may_count=_may_count(desk),
        counts=bool(counts),
        findings=[f for f in desk.seen["findings"] if f["subject"] == table],
    )


def protection_page(request: Asked, release: str, table: str) -> Response[bytes]:
    """How a table was protected and what that cost, in sentences."""
    desk = _desk(request, release)
    report = protection_of(desk.gate, release, table)
    description = _beside(desk, table).description
    return shown(
        request,
        "protection.html",
        **_about(desk),
        before=Step(f"{desk.address}/tables/{table}", f"table {table}"),
        after=None,
        table=table,
        table_title=text_in(description.title, "en")[0],
        parts=protection_words(report),
    )


def _desk(request: Asked, release: str) -> _Desk:
    gate, person = at_the_gate(request)
    seen = seen_by(gate, person, release)
    return _Desk(gate, person, seen, release_in(gate, release))


def _name(address: str) -> str:
    """What a page of the walk is called: by the last two parts of its address."""
    kind, name = address.rsplit("/", 2)[1:]
    return {"findings": f"finding {name}", "tables": f"table {name}"}.get(kind, "the release")


def _about(desk: _Desk) -> dict[str, Any]:
    return {
        "desk": desk,
        "release": desk.seen,
        "title": text_in(desk.description.title, "en")[0],
        "address": desk.address,
        "mark": seen_mark(desk.seen),
    }


def _beside(desk: _Desk, table: str) -> TableBeside:
    return table_beside(desk.gate, desk.seen["hash"], table, desk.seen["supersedes"])


def _cells(
    request: Asked, desk: _Desk, table: str, beside: TableBeside, finding: Mapping[str, Any] | None
) -> CellPage:
    """The cells that an address asks for; with `counts=yes` the persons behind them, if these may be seen."""
    asked = request.query_params
    release = str(desk.seen["hash"])
    persons = None
    if asked.get("counts") == "yes":
        persons = persons_behind(workspace_of(request), desk.gate, desk.person, release, table, beside)
    show, page = asked.get("show", "all"), asked.get("page", "1")
    return cell_page(
        beside,
        [f for f in desk.seen["findings"] if f["subject"] == table],
        show=show if show in SHOWN else "all",
        page=int(page) if page.isdecimal() and len(page) < 10 else 1,
        only=finding["number"] if finding is not None else None,
        persons=persons,
    )


def _may_count(desk: _Desk) -> bool:
    return is_permitted(desk.person, "release-counts-behind")


def _next_open(desk: _Desk, number: int) -> int | None:
    """The next finding that is open, after one or from the first."""
    waiting = [f["number"] for f in desk.open_findings() if f["number"] != number]
    return min(waiting, key=lambda other: (other < number, other), default=None)


def _table_row(desk: _Desk, table: str) -> dict[str, Any]:
    beside = _beside(desk, table)
    findings = [f for f in desk.seen["findings"] if f["subject"] == table]
    return {
        "id": table,
        "title": text_in(beside.description.title, "en")[0],
        "has_old": beside.has_old,
        "findings": len(findings),
        "counts": cell_page(beside, findings).counts,
    }


def _changed(desk: _Desk) -> tuple[str, ...]:
    """The files of a release that waits which are not those that were prepared."""
    is_draft = State(desk.seen["state"]) not in (State.PUBLISHED, State.SUPERSEDED, State.WITHDRAWN)
    return changed_files(desk.gate.drafts, desk.seen["hash"]) if is_draft else ()


def _superseded(desk: _Desk) -> Mapping[str, Any] | None:
    found = desk.seen["supersedes"]
    return next((row for row in desk.gate.releases() if row["hash"] == found), None)
