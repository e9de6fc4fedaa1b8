"""The pages of clerical review: the queue, a case, a decision, its undoing, the history."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from sojourn.errors import ProjectError
from sojourn.integration.review_masks import ATTRIBUTES
from sojourn.office.access import Asked
from sojourn.office.answering import access_of, form_of, shown, workspace_of
from sojourn.office.rendering import style
from sojourn.production.review import (
    REASONS,
    Listed,
    Sample,
    cases,
    look,
    report,
    sample_of,
    samples,
)
from sojourn.production.review_decisions import decide, history, undo
from sojourn.production.workspace import Workspace

__all__ = ["REVIEW_PAGES"]

Text = FromPath[str]
Number = FromPath[int]
FIELD_NAMES = {
    "document_no": "Document",
    "national_id": "National number",
    "surname": "Surname",
    "given_names": "Given names",
    "birth_date": "Date of birth",
    "address": "Address",
    "phone": "Telephone",
    "sex": "Sex",
    "citizenship": "Citizenship",
    "birthplace": "Country of birth",
}
_SHOWN_IN_QUEUE = 30


def _source_title(workspace: Workspace, source: str) -> str:
    declared = workspace.declarations.sources.get(source)
    return next(iter(declared.title.values())) if declared is not None else source


@get("/enter", sync_to_thread=True)
def enter(request: Asked) -> Redirect:
    """Let in the browser that brings the token, once."""
    cookie = access_of(request).let_in(request.query_params.get("token", ""))
    workspace = workspace_of(request)
    workspace.catalogue.note(workspace.actor, "enter-office", "office")
    return Redirect("/", cookies=[cookie])


@get("/static/office.css", sync_to_thread=False)
def style_sheet() -> Response[bytes]:
    """Give the style sheet."""
    return Response(style(), media_type="text/css")


@get("/", sync_to_thread=True)
def first(request: Asked) -> Response[bytes]:
    """Show the samples that were drawn, the newest first."""
    workspace = workspace_of(request)
    return shown(request, "first.html", reports=[report(workspace, one) for one in samples(workspace)])


@get("/samples/{sample:str}", sync_to_thread=True)
def queue(request: Asked, sample: Text) -> Response[bytes]:
    """Show a sample's cases that are to be decided, how far it has come, and precision and recall so far."""
    workspace = workspace_of(request)
    found = sample_of(workspace, sample)
    waiting = [one for one in cases(workspace, found) if one.decision is None]
    first_ones = waiting[:_SHOWN_IN_QUEUE]
    return shown(request, "queue.html", report=report(workspace, found), waiting=first_ones)


@get("/samples/{sample:str}/history", sync_to_thread=True)
def sample_history(request: Asked, sample: Text) -> Response[bytes]:
    """Show every decision and withdrawal of a sample, the newest first."""
    workspace = workspace_of(request)
    found = sample_of(workspace, sample)
    positions = {one.pair_id: one.position for one in cases(workspace, found)}
    told = history(workspace, found.id)
    return shown(request, "history.html", sample=found, history=told, positions=positions)


@get("/samples/{sample:str}/cases/{position:int}", sync_to_thread=True)
def case(request: Asked, sample: Text, position: Number) -> Response[bytes]:
    """Show a case with its two records side by side, masked. Each look is in the audit trail."""
    return _case(request, sample, position, None)


@post("/samples/{sample:str}/cases/{position:int}/unmask", status_code=200, sync_to_thread=True)
def unmask(request: Asked, sample: Text, position: Number) -> Response[bytes]:
    """Show a case as the sources wrote it, for a reason that goes into the audit trail."""
    return _case(request, sample, position, form_of(request).get("reason", ""))


@post("/samples/{sample:str}/cases/{position:int}/decide", status_code=303, sync_to_thread=True)
def decision(request: Asked, sample: Text, position: Number) -> Redirect:
    """Decide a case, and go to the next one that is open."""
    workspace = workspace_of(request)
    found = sample_of(workspace, sample)
    listed = cases(workspace, found)
    decide(workspace, found.id, _at(listed, position).pair_id, form_of(request).get("answer", ""))
    following = _next_open(listed, position)
    return Redirect(_path(found, following) if following else f"/samples/{found.id}", status_code=303)


@post("/samples/{sample:str}/cases/{position:int}/undo", status_code=303, sync_to_thread=True)
def undoing(request: Asked, sample: Text, position: Number) -> Redirect:
    """Withdraw the decision of a case, which is open again."""
    workspace = workspace_of(request)
    found = sample_of(workspace, sample)
    listed = _at(cases(workspace, found), position)
    undo(workspace, found.id, listed.pair_id)
    return Redirect(_path(found, listed), status_code=303)


def _case(request: Asked, sample: str, position: int, reason: str | None) -> Response[bytes]:
    workspace = workspace_of(request)
    found = sample_of(workspace, sample)
    listed = cases(workspace, found)
    seen = look(workspace, found, _at(listed, position).pair_id, reason=reason)
    return shown(
        request,
        "case.html",
        case=seen,
        sample=found,
        number=len(listed),
        following=_next_open(listed, position),
        titles=[_source_title(workspace, seen.pair[name]) for name in ("source", "other_source")],
        field_names=FIELD_NAMES,
        open_names=ATTRIBUTES,
        reasons=REASONS,
    )


def _at(listed: list[Listed], position: int) -> Listed:
    found = next((one for one in listed if one.position == position), None)
    if found is None:
        raise ProjectError("This sample has no such case.", "Go back to the queue.")
    return found


def _next_open(listed: list[Listed], position: int) -> Listed | None:
    """The next open case after a place in the queue, or the first before it."""
    waiting = [one for one in listed if one.decision is None and one.position != position]
    return min(waiting, key=lambda one: (one.position < position, one.position), default=None)


def _path(sample: Sample, listed: Listed) -> str:
    return f"/samples/{sample.id}/cases/{listed.position}"


REVIEW_PAGES = (enter, style_sheet, first, queue, sample_history, case, unmask, decision, undoing)
