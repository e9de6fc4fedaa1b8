"""The pages. Each translates a visit into what a template shows, and decides nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import Any

from litestar import HttpMethod, Request, Response, route
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect

from sojourn.dissemination.descriptions import TableDescription
from sojourn.dissemination.maps import map_dimension, map_selection
from sojourn.dissemination.selection import default_selection, headline_selection, label_of
from sojourn.dissemination.shapes import installed_shapes
from sojourn.portal.citation import bibtex, permanent_path
from sojourn.portal.dataset import Dataset, dataset_of, release_of
from sojourn.portal.problems import PageProblem
from sojourn.portal.rendering import render
from sojourn.portal.site import OpenRelease
from sojourn.portal.visits import Visit, visit_of

__all__ = ["PAGES", "READ", "Asked", "Part"]

READ = [HttpMethod.GET, HttpMethod.HEAD]
Asked = Request[Any, Any, State]
Part = FromPath[str]
VIEWS = ("table", "chart", "map")
_HIGHLIGHTS = 4


def _page(template: str, visit: Visit, **shown: Any) -> Response[bytes]:
    return Response(render(template, visit, **shown), media_type="text/html")


@dataclass(frozen=True)
class Highlight:
    """A table on the first page: the one figure that stands for it, where there is one, and its sentences."""

    description: TableDescription
    release: OpenRelease
    dataset: Dataset
    is_one_figure: bool


def _highlights(visit: Visit) -> list[Highlight]:
    found = []
    for table, release in list(visit.snapshot.current.items())[:_HIGHLIGHTS]:
        description = release.tables[table]
        one = headline_selection(description)
        shown = Dataset(
            description,
            release,
            one or default_selection(description),
            visit.site.cells(release, table),
            visit.words,
        )
        found.append(Highlight(description, release, shown, is_one_figure=one is not None))
    return found


@route("/", http_method=READ, sync_to_thread=True)
def home(request: Asked) -> Response[bytes]:
    """Show the search first, then what was released lately and the key tables."""
    visit = visit_of(request)
    return _page(
        "home.html", visit, highlights=_highlights(visit), releases=visit.snapshot.manifest.newest_first()[:5]
    )


@route("/data", http_method=READ, sync_to_thread=True)
def catalogue(request: Asked) -> Response[bytes]:
    """Show every table, or those that a search finds."""
    visit = visit_of(request)
    query, snapshot = visit.one("q").strip(), visit.snapshot
    results: list[dict[str, Any]] = []
    if query:
        for found in snapshot.index.find(query):
            description = snapshot.current[found.table].tables[found.table]
            codes = list(
                starmap(
                    lambda name, code, d=description: (name, code, label_of(d, name, code, visit.language)),
                    found.codes,
                )
            )
            results.append(
                {"release": snapshot.current[found.table], "description": description, "codes": codes}
            )
    else:
        for table, release in snapshot.current.items():
            results.append({"release": release, "description": release.tables[table], "codes": []})
    return _page("catalogue.html", visit, query=query, results=results)


@route("/data/{table:str}", http_method=READ, sync_to_thread=True)
def dataset(request: Asked, table: Part) -> Response[bytes]:
    """Show one table: a selection of it as table, chart or map, and all that must be known of it."""
    visit = visit_of(request)
    view = visit.one("view", "table")
    if view not in VIEWS:
        raise PageProblem(400, "problem.view")
    found = dataset_of(visit, table)
    return _page(
        "dataset.html",
        visit,
        it=found,
        view=view,
        vintages=visit.snapshot.vintages(table),
        permanent=visit.origin + permanent_path(table, found.entry),
        bibtex=bibtex(found.release, found.description, visit.language, visit.origin),
        sql=found.release.method_sql(table),
        has_shapes=installed_shapes() is not None,
        slice=_slice(found) if view == "map" else (),
        selected=found.parts(visit),
    )


def _slice(found: Dataset) -> tuple[tuple[str, tuple[str, str]], ...]:
    """What a map shows of a selection: the name and code of all but the mapped dimension."""
    by = map_dimension(found.description)
    if by is None:
        return ()
    chosen = map_selection(found.description, found.selection, by)
    return tuple(
        (found.name_of(name), label_of(found.description, name, codes[0], found.words.language))
        for name, codes in chosen.codes.items()
        if name != by.id
    )


@route("/releases", http_method=READ, sync_to_thread=True)
def releases(request: Asked) -> Response[bytes]:
    """Show every release that was ever published, with how it stands today."""
    visit = visit_of(request)
    return _page("releases.html", visit, releases=visit.snapshot.manifest.newest_first())


@route("/releases/{release:str}", http_method=READ, sync_to_thread=True)
def release_page(request: Asked, release: Part) -> Response[bytes]:
    """Show one release: its tables, its approvals and the state of the audit trail."""
    visit = visit_of(request)
    entry = visit.snapshot.manifest.entry(release)
    if entry is None:
        raise PageProblem(404, "problem.404")
    opened = visit.snapshot.releases.get(release)
    if opened is None and entry.status != "withdrawn":
        raise PageProblem(404, "problem.unshown")
    response = _page("release.html", visit, entry=entry, release=opened)
    response.status_code = 410 if opened is None else 200
    return response


@route("/methods", http_method=READ, sync_to_thread=True)
def methods(request: Asked) -> Response[bytes]:
    """Show how each table is made."""
    visit = visit_of(request)
    tables = [release.tables[table] for table, release in visit.snapshot.current.items()]
    return _page("methods.html", visit, tables=tables)


@route("/methods/{table:str}", http_method=READ, sync_to_thread=True)
def method(request: Asked, table: Part) -> Response[bytes]:
    """Show how one table is made, with the SQL that made it."""
    visit = visit_of(request)
    release = release_of(visit, table)
    return _page(
        "method.html",
        visit,
        description=release.tables[table],
        release=release,
        sql=release.method_sql(table),
    )


@route("/indicators/{indicator:str}", http_method=READ, sync_to_thread=True)
def indicator(request: Asked, indicator: Part) -> Redirect:
    """Lead from an indicator to its table, or to a search for it."""
    visit = visit_of(request)
    for table, release in visit.snapshot.current.items():
        if release.tables[table].indicator == indicator:
            return Redirect(visit.link(f"/data/{table}"), status_code=302)
    raise PageProblem(404, "problem.404")


PAGES = (home, catalogue, dataset, releases, release_page, methods, method, indicator)
