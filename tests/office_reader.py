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
def reader(workspace: Workspace) -> Iterator[TestClient[Any]]:
    """A client that brought the token."""
    access = Access(PORT)
    with stranger(workspace, access) as client:
        answer = client.get(access.first_address().removeprefix(HOME), follow_redirects=False)
        # The client does not take the cookie of an address that is a number by itself.
        name, _, value = answer.headers["set-cookie"].split(";")[0].partition("=")
        client.headers["cookie"] = f"{name}={value}"
        yield client


def form_token(page: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]
