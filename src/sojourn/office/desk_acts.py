"""What is done at the checker's desk, each as the person who has signed in, through the gate.

What cannot be undone is asked for once more. Where somebody was faster, or something was left out, nothing
is done and the page comes back with what was typed.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from sojourn.errors import NotPermitted, Problem, ProjectError, SojournError
from sojourn.office.access import Asked
from sojourn.office.answering import NotSignedIn, at_the_gate, form_of, shown, workspace_of
from sojourn.office.desk_views import finding_page, release_page, seen_mark
from sojourn.project.people import Person
from sojourn.release import Gate
from sojourn.release.acts import ACTS, require_open
from sojourn.release.draft_tables import release_in

__all__ = ["DESK_ACTS"]

Text = FromPath[str]
Number = FromPath[int]
Form = Mapping[str, str]
LONGEST_TEXT = 4_000


class _Changed(NotPermitted):
    """The release is not as it was when the form was shown."""


@dataclass(frozen=True)
class _Deed:
    """One act: how it is done from its form, which is looked through first, and what is asked before it.

    `ready` raises ProjectError for a form that lacks something, and gives what is to be done. `asked` is the
    question and its warning for what cannot be undone.
    """

    name: str
    ready: Callable[[Gate, Form, str], Callable[[Person], object]]
    asked: Callable[[Form], tuple[str, str, str]] | None = None
    writes: bool = False


def _text(form: Form, name: str, absent: str, remedy: str) -> str:
    """A text that must be there.

    Raises: ProjectError when it is not, or is too long to be read by anybody.
    """
    text = form.get(name, "").strip()
    if not text:
        raise ProjectError(absent, remedy)
    return _short(text)


def _short(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ProjectError(
            f"The text has {len(text):,} signs, and {LONGEST_TEXT:,} are kept.", "Say it more briefly."
        )
    return text


def _check(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
    comment = _short(form.get("comment", "").strip())
    return lambda person: gate.check(person, release, comment)


def _return(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
    reasons = _text(form, "reason", "A release is not returned without a reason.", "Say what to mend.")
    return lambda person: gate.send_back(person, release, reasons)


def _vote(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
    answer = form.get("answer", "")
    if answer not in ("approve", "refuse"):
        raise ProjectError("The form does not say how you vote.", "Choose to approve or to refuse.")
    comment = _short(form.get("comment", "").strip())
    if answer == "refuse" and not comment:
        raise ProjectError(
            "A release is not refused without a reason.", "The author has to know what to mend."
        )
    return lambda person: gate.vote(person, release, approves=answer == "approve", comment=comment)


def _publish(gate: Gate, _form: Form, release: str) -> Callable[[Person], object]:
    return lambda person: gate.publish(person, release)


def _embargo(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
    at = _moment(form)
    if at <= datetime.datetime.fromisoformat(gate.catalogue.now()):
        raise ProjectError(f"{_spoken(at)} is past.", "Name a moment to come, or publish now.")
    return lambda person: gate.publish(person, release, at)


def _lift(gate: Gate, _form: Form, release: str) -> Callable[[Person], object]:
    return lambda person: gate.lift_embargo(person, release)


def _withdraw(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
    languages = release_in(gate, release).languages
    _text(
        form,
        f"reason-{languages[0]}",
        "A release is not withdrawn without a reason.",
        "Readers will ask for it.",
    )
    told = {tag: _short(form.get(f"reason-{tag}", "").strip()) for tag in languages}
    return lambda person: gate.withdraw(person, release, {tag: text for tag, text in told.items() if text})


def _moment(form: Form) -> datetime.datetime:
    """The moment in a form; without an offset it is in this machine's time."""
    try:
        return datetime.datetime.fromisoformat(form.get("at", "").strip()).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise ProjectError("The form names no moment.", "Give a day and a time of day.") from error


def _spoken(at: datetime.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M %z} ({at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC)"


def _asked_to_vote(form: Form) -> tuple[str, str, str]:
    words = "approve" if form.get("answer") == "approve" else "refuse"
    return f"Do you {words} this release?", "A vote cannot be changed or taken back.", f"Yes, {words}"


_CHECK = _Deed("check", _check)
_RETURN = _Deed(
    "return",
    _return,
    lambda _form: (
        "Return this release to its author?",
        "It cannot go on afterwards: the author prepares another one.",
        "Yes, return it",
    ),
    writes=True,
)
_VOTE = _Deed("vote", _vote, _asked_to_vote)
_PUBLISH = _Deed(
    "publish",
    _publish,
    lambda _form: (
        "Publish this release now?",
        "Everybody sees it at once, and some will keep a copy. It can be withdrawn, not unpublished.",
        "Yes, publish it",
    ),
    writes=True,
)
_EMBARGO = _Deed(
    "embargo",
    _embargo,
    lambda form: (
        f"Publish this release on {_spoken(_moment(form))}?",
        "Until then nothing of it is public, and the moment can be taken back.",
        "Yes, set this moment",
    ),
    writes=True,
)
_LIFT = _Deed("lift", _lift, writes=True)
_WITHDRAW = _Deed(
    "withdraw",
    _withdraw,
    lambda _form: (
        "Withdraw this release?",
        "Readers see the reason in place of its figures. It cannot be shown again.",
        "Yes, withdraw it",
    ),
    writes=True,
)


@post("/releases/{release:str}/findings/{number:int}/accept", status_code=303, sync_to_thread=True)
def accept(request: Asked, release: Text, number: Number) -> Response[bytes] | Redirect:
    """Answer for a finding with a reason, and go to the next one that is open."""
    form = form_of(request)

    def ready(gate: Gate, form: Form, release: str) -> Callable[[Person], object]:
        reason = _text(form, "reason", "A finding is not accepted without a reason.", "Say why it may stand.")
        is_first = form.get("decided") != "yes"
        return lambda person: gate.accept(person, release, number, reason, only_if_open=is_first)

    def again(problems: Sequence[Problem], status: int) -> Response[bytes]:
        return finding_page(request, release, number, typed=form, problems=problems, status=status)

    following = form.get("next", "")
    path = f"/releases/{release}/findings/{following}" if following.isdecimal() else f"/releases/{release}"
    return _done(request, release, _Deed("accept", ready), again, path)


@post("/releases/{release:str}/check", status_code=303, sync_to_thread=True)
def check(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Say that a release may be voted on."""
    return _done(request, release, _CHECK)


@post("/releases/{release:str}/return", status_code=303, sync_to_thread=True)
def send_back(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Return a release to its author with reasons, once that is confirmed."""
    return _done(request, release, _RETURN)


@post("/releases/{release:str}/vote", status_code=303, sync_to_thread=True)
def vote(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Approve or refuse a release, once that is confirmed."""
    return _done(request, release, _VOTE)


@post("/releases/{release:str}/publish", status_code=303, sync_to_thread=True)
def publish(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Publish a release now, once that is confirmed."""
    return _done(request, release, _PUBLISH)


@post("/releases/{release:str}/embargo", status_code=303, sync_to_thread=True)
def embargo(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Set the moment of a release, once that is confirmed."""
    return _done(request, release, _EMBARGO)


@post("/releases/{release:str}/lift", status_code=303, sync_to_thread=True)
def lift(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Take back the moment of a release."""
    return _done(request, release, _LIFT)


@post("/releases/{release:str}/withdraw", status_code=303, sync_to_thread=True)
def withdraw(request: Asked, release: Text) -> Response[bytes] | Redirect:
    """Withdraw a release with a reason, once that is confirmed."""
    return _done(request, release, _WITHDRAW)


def _done(
    request: Asked,
    release: str,
    deed: _Deed,
    again: Callable[[Sequence[Problem], int], Response[bytes]] | None = None,
    path: str = "",
) -> Response[bytes] | Redirect:
    """The answer to a form: it is done, asked for once more, or comes back with what was typed."""
    gate, person = at_the_gate(request)
    form = {**form_of(request), "act": deed.name}
    try:
        _require(gate, person, release, deed, form)
        if deed.asked is not None and form.get("confirmed") != "yes":
            deed.ready(gate, form, release)
            if form.get("confirmed") == "no":
                return release_page(request, release, typed=form)
            return _confirm(request, deed, form, release, gate)
        do = deed.ready(gate, form, release)
        with workspace_of(request).store.one_writer() if deed.writes else nullcontext():
            do(person)
    except NotSignedIn:
        raise
    except SojournError as error:
        status = 403 if isinstance(error, NotPermitted) and not isinstance(error, _Changed) else 409
        if again is not None:
            return again(error.problems, status)
        return release_page(request, release, typed=form, problems=error.problems, status=status)
    return Redirect(f"{path or f'/releases/{release}'}?done={deed.name}", status_code=303)


def _require(gate: Gate, person: Person, release: str, deed: _Deed, form: Form) -> None:
    """Nothing, if the person may do it now and with the release as they saw it; a refusal is recorded."""
    row = next((row for row in gate.releases() if row["hash"] == release), None)
    if row is None:
        raise ProjectError("There is no such release.", "Go back to the releases.")
    try:
        if form.get("seen", "") != seen_mark(row):
            raise _Changed(
                f"The release was {form.get('seen') or 'not seen'} when you opened this page, and is"
                f" {seen_mark(row)} now: somebody else has decided meanwhile. Nothing was done.",
                "Look at it again; what you typed is still here.",
            )
        require_open(gate, person, row, deed.name)
    except NotPermitted:
        with gate.catalogue.act(person.id, ACTS[deed.name].permission, f"release:{release}"):
            raise


def _confirm(request: Asked, deed: _Deed, form: Form, release: str, gate: Gate) -> Response[bytes]:
    if deed.asked is None:
        raise ValueError(f"{deed.name} is not asked for twice")
    question, warning, button = deed.asked(form)
    kept: dict[str, Any] = {
        name: text for name, text in form.items() if name not in ("form_token", "confirmed", "act")
    }
    texts = [text for name, text in kept.items() if name.startswith(("reason", "comment")) and text.strip()]
    return shown(
        request,
        "confirm.html",
        release=next(row for row in gate.releases() if row["hash"] == release),
        question=question,
        warning=warning,
        button=button,
        kept=kept,
        texts=texts,
        address=f"/releases/{release}",
    )


DESK_ACTS = (accept, check, send_back, vote, publish, embargo, lift, withdraw)
