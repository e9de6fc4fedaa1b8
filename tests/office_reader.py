"""A browser of the office without a window: it opens the printed address, and sends the forms of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar.testing import TestClient

from sojourn.office.access import Access
from sojourn.office.application import application
from sojourn.production.workspace import Workspace

PORT = 8701
HOME = f"http://127.0.0.1:{PORT}"


@contextmanager
def stranger(workspace: Workspace, access: Access | None = None) -> Iterator[TestClient[Any]]:
    """A client that was not let in."""
    app: Any = application(workspace, access or Access(PORT))
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def reader(workspace: Workspace, access: Access | None = None) -> Iterator[TestClient[Any]]:
    """A client that brought the token."""
    access = access or Access(PORT)
    with stranger(workspace, access) as client:
        answer = client.get(access.first_address().removeprefix(HOME), follow_redirects=False)
        # The client does not take the cookie of an address that is a number by itself.
        keep_cookie(client, answer)
        yield client


def form_token(page: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def sign_in(client: TestClient[Any], person: str, passphrase: str) -> Any:
    """Sign a person in, and keep the cookie of the session that begins."""
    token = form_token(client.get("/sign-in").text)
    sent = {"form_token": token, "person": person, "passphrase": passphrase}
    answer = client.post("/sign-in/begin", data=sent, follow_redirects=False)
    keep_cookie(client, answer)
    return answer


def keep_cookie(client: TestClient[Any], answer: Any) -> None:
    """Bring from now on the cookie that an answer sets, if it sets one."""
    if "set-cookie" in answer.headers:
        name, _, value = answer.headers["set-cookie"].split(";")[0].partition("=")
        client.headers["cookie"] = f"{name}={value}"


def send(client: TestClient[Any], path: str, token: str = "", **fields: str) -> Any:
    """Send a form as a page of the office would."""
    token = token or form_token(client.get("/sign-in").text)
    return client.post(path, data={"form_token": token, **fields}, follow_redirects=False)
