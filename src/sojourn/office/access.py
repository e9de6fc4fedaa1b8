"""Who is let in: the browser that brings the token printed at the start, once, and from then on its cookie.

Other pages in the same browser can neither read an answer nor make a request count: the cookie is not sent
from elsewhere, forms carry a token that only our own pages know, and a request that names another host, as
after a name was bound to this machine, is turned away.

In the browser that was let in a declared person may sign in. Then the cookie is another one, so that whoever
knew the old one is out; the form token goes with the cookie, so that a form which somebody left open does
nothing in the name of the next.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import Cookie, MutableScopeHeaders, State
from litestar.types import Message, Scope

from sojourn.errors import NotPermitted
from sojourn.production.sign_ins import Credentials, SignIns

__all__ = ["ADDRESS", "Access", "Asked", "Session", "add_headers", "guard"]

Asked = Request[object, object, State]
ADDRESS = "127.0.0.1"
FORM_FIELD = "form_token"
# Somebody who went away, and the longest working day.
IDLE_SECONDS = 1_800.0
LONGEST_SECONDS = 36_000.0
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Stricter than this, browsers would not say where a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_OPEN = ("/enter", "/static/")


@dataclass(frozen=True)
class Session:
    """What the cookie of the browser stands for: nobody yet, or a person since a moment."""

    cookie: str
    credentials: Credentials | None = None
    since: float = 0.0

    @property
    def form_token(self) -> str:
        """What every form of our pages carries and no other page can know."""
        return hmac.new(self.cookie.encode(), b"form", hashlib.sha256).hexdigest()


class Access:
    """The token of one run of the office, and the one browser that it let in."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.port = port
        self.sign_ins = SignIns(clock)
        self._clock = clock
        self._token: str | None = secrets.token_urlsafe(32)
        self._session: Session | None = None
        self._last_seen = 0.0
        self._lock = threading.Lock()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which a browser on this machine reaches the office."""
        return (f"{ADDRESS}:{self.port}", f"localhost:{self.port}")

    def first_address(self) -> str:
        """The address that lets a browser in; it works once."""
        return f"http://{ADDRESS}:{self.port}/enter?token={self._token}"

    def let_in(self, token: str) -> Cookie:
        """The cookie for the browser that brings the token, which is spent thereby.

        Raises: NotPermitted when it is not the token, or was used before.
        """
        with self._lock:
            if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
                raise NotPermitted(
                    "This address does not let you in: it works once.",
                    "Stop the office and start it again for a new one: sojourn serve office",
                )
            self._token = None
            return self._begun(None)

    def begin(self, credentials: Credentials | None) -> Cookie:
        """A new cookie for the browser, with a person or with nobody; the old one is worth nothing."""
        with self._lock:
            return self._begun(credentials)

    def _begun(self, credentials: Credentials | None) -> Cookie:
        now = self._clock()
        self._session, self._last_seen = Session(secrets.token_urlsafe(32), credentials, now), now
        return Cookie(self._cookie, value=self._session.cookie, path="/", httponly=True, samesite="strict")

    def session_of(self, cookies: Mapping[str, str]) -> Session | None:
        """The session of a request, if its cookies are those of the browser that was let in.

        A person who was idle for too long, or signed in for too long ago, is signed out by it.
        """
        brought = cookies.get(self._cookie, "")
        with self._lock:
            session, now = self._session, self._clock()
            if session is None or not hmac.compare_digest(brought.encode(), session.cookie.encode()):
                return None
            is_over = now - self._last_seen > IDLE_SECONDS or now - session.since > LONGEST_SECONDS
            if session.credentials is not None and is_over:
                session = self._session = replace(session, credentials=None)
            self._last_seen = now
            return session

    @property
    def _cookie(self) -> str:
        # Browsers send cookies to every port of a host.
        return f"sojourn_office_{self.port}"


async def guard(request: Asked) -> None:
    """Turn away whoever was not let in, and every form that is not ours.

    Raises: NotPermitted.
    """
    access: Access = request.app.state["access"]
    if request.headers.get("host", "") not in access.hosts:
        raise NotPermitted("The office answers on this machine only.", f"Open http://{access.hosts[0]}/")
    if request.url.path.startswith(_OPEN):
        return
    session = access.session_of(request.cookies)
    if session is None:
        raise NotPermitted(
            "The office does not know this browser.",
            "Open the address that was printed when the office was started.",
        )
    # The whole answer is for the session that it began with, whoever signs in meanwhile.
    request.scope["state"]["session"] = session
    if request.method == "POST":
        request.scope["state"]["form"] = await _our_form(request, access, session)


async def _our_form(request: Asked, access: Access, session: Session) -> dict[str, str]:
    """The fields of a form that one of our pages sent."""
    body = await request.body()
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20))
    origin = request.headers.get("origin")
    is_ours = origin is None or origin in tuple(f"http://{host}" for host in access.hosts)
    is_ours = is_ours and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    brought = fields.get(FORM_FIELD, "")
    if not is_ours or not hmac.compare_digest(brought.encode(), session.form_token.encode()):
        raise NotPermitted("This form did not come from the office's own page.", "Load the page again.")
    return fields


async def add_headers(message: Message, scope: Scope) -> None:
    """Put the headers on an answer that is about to be sent: nothing of it may be kept or framed."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers[name] = value
