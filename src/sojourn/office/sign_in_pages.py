"""The pages where a declared person signs in, in the browser that was let in, and out again."""

from __future__ import annotations

import re

from litestar import Response, get, post
from litestar.response import Redirect

from sojourn.errors import NotPermitted
from sojourn.office.access import Asked
from sojourn.office.answering import access_of, form_of, session_of, shown, workspace_of
from sojourn.production.desk import gate_today
from sojourn.production.sign_ins import TooManyGuesses

__all__ = ["SIGN_IN_PAGES", "sign_in_page"]

# Where somebody may go on after signing in: pages of releases, and nothing that is done.
_GOES_ON = re.compile(r"/releases(/[0-9a-f]{64}(/(findings|tables)/[A-Za-z0-9_]+(/protection)?)?)?")


@get("/sign-in", sync_to_thread=True)
def sign_in_form(request: Asked) -> Response[bytes]:
    """Ask for name and passphrase."""
    return sign_in_page(request, then=request.query_params.get("then", ""))


# An address of its own: two handlers of one address are not both taken in by the framework.
@post("/sign-in/begin", status_code=303, sync_to_thread=True)
def sign_in(request: Asked) -> Response[bytes] | Redirect:
    """Sign a declared person in, and go on where they wanted to go."""
    form, workspace = form_of(request), workspace_of(request)
    name, then = form.get("person", "").strip(), form.get("then", "")
    gate_today(workspace)
    try:
        found = access_of(request).sign_ins.sign_in(workspace, name, form.get("passphrase", ""))
    except TooManyGuesses as error:
        answer = sign_in_page(request, then=then, name=name, error=error, status=429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    except NotPermitted as error:
        return sign_in_page(request, then=then, name=name, error=error, status=403)
    cookie = access_of(request).begin(found)
    return Redirect(_goes_on(then), status_code=303, cookies=[cookie])


@post("/sign-out", status_code=303, sync_to_thread=True)
def sign_out(request: Asked) -> Redirect:
    """Sign out; the browser stays let in."""
    held = session_of(request).credentials
    if held is not None:
        workspace_of(request).catalogue.note(held.person.id, "sign-out", f"person:{held.person.id}", "office")
    return Redirect("/sign-in", status_code=303, cookies=[access_of(request).begin(None)])


def sign_in_page(
    request: Asked,
    *,
    then: str = "",
    name: str = "",
    error: NotPermitted | None = None,
    status: int = 200,
    typed: str = "",
) -> Response[bytes]:
    """The form; `typed` is what somebody wrote whose session had ended."""
    problems = error.problems if error is not None else ()
    return shown(
        request,
        "sign-in.html",
        status=status,
        then=_goes_on(then),
        name=name,
        problems=problems,
        typed=typed,
    )


def _goes_on(then: str) -> str:
    return then if _GOES_ON.fullmatch(then) else "/releases"


SIGN_IN_PAGES = (sign_in_form, sign_in, sign_out)
