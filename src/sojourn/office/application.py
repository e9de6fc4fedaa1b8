"""The office as an application: given an open project and who is let in, it serves the pages of staff."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State

from sojourn.office.access import Access, add_headers, guard
from sojourn.office.pages import PAGES
from sojourn.office.problems import problem_answer
from sojourn.production.workspace import Workspace

__all__ = ["application"]


def application(workspace: Workspace, access: Access) -> Litestar:
    """The office of one project. It answers to the browser that brought the token, and to no other."""
    return Litestar(
        route_handlers=[*PAGES],
        state=State({"workspace": workspace, "access": access}),
        before_request=guard,
        before_send=[add_headers],
        exception_handlers={Exception: problem_answer},
        on_shutdown=[workspace.catalogue.close],
        request_max_body_size=131_072,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
