"""The pages of the checker's desk: the queue, a release, its findings, its tables, their protection."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from sojourn.office.access import Asked
from sojourn.office.answering import at_the_gate, shown
from sojourn.office.desk_views import finding_page, protection_page, release_page, table_page
from sojourn.release.queue import queue_of

__all__ = ["DESK_PAGES"]

Text = FromPath[str]
Number = FromPath[int]


@get("/releases", sync_to_thread=True)
def releases(request: Asked) -> Response[bytes]:
    """Show the releases that wait, by what whoever has signed in can do next; then the others."""
    return shown(request, "releases.html", queue=queue_of(*at_the_gate(request)))


@get("/releases/{release:str}", sync_to_thread=True)
def one_release(request: Asked, release: Text) -> Response[bytes]:
    """Show a release: where it stands, what was found and said, and what may be done with it."""
    return release_page(request, release)


@get("/releases/{release:str}/findings/{number:int}", sync_to_thread=True)
def one_finding(request: Asked, release: Text, number: Number) -> Response[bytes]:
    """Show a finding with its cells, and how it was answered for."""
    return finding_page(request, release, number)


@get("/releases/{release:str}/tables/{table:str}", sync_to_thread=True)
def one_table(request: Asked, release: Text, table: Text) -> Response[bytes]:
    """Show the cells of a table, old beside new; with `counts=yes` the persons behind them."""
    return table_page(request, release, table)


@get("/releases/{release:str}/tables/{table:str}/protection", sync_to_thread=True)
def protection(request: Asked, release: Text, table: Text) -> Response[bytes]:
    """Tell how a table was protected and what that cost."""
    return protection_page(request, release, table)


DESK_PAGES = (releases, one_release, one_finding, one_table, protection)
