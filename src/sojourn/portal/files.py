"""The files: selections and whole tables to take away, drawings, the catalogue for machines."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from litestar import Response, route
from litestar.response import Stream

from sojourn.dissemination.charts import chart, svg_of, theme
from sojourn.dissemination.formats import (
    MEDIA_TYPES,
    SUFFIXES,
    csv_bytes,
    csvw_metadata,
    parquet_bytes,
    sdmx_csv_bytes,
)
from sojourn.dissemination.grid import grid
from sojourn.dissemination.maps import map_dimension, map_selection, world_map
from sojourn.dissemination.selection import Selection
from sojourn.dissemination.sentences import summary, title_of
from sojourn.dissemination.shapes import installed_shapes
from sojourn.dissemination.workbook import WORKBOOK_ROWS, workbook_bytes
from sojourn.portal.catalogue import catalogue_document
from sojourn.portal.dataset import dataset_of, release_of, selection_of
from sojourn.portal.pages import READ, Asked, Part
from sojourn.portal.problems import PageProblem
from sojourn.portal.rendering import static_files
from sojourn.portal.site import OpenRelease
from sojourn.portal.visits import Visit, visit_of

__all__ = ["FILES"]

ROWS_IN_A_FILE = 1_000_000
_PIECE = 1 << 18
_FORMATS = {suffix: format_ for format_, suffix in SUFFIXES.items()}


def _file(content: bytes, media_type: str, name: str, rows: int) -> Response[bytes]:
    """A file with the proof that it is whole: the number of its rows and the digest of its bytes."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Digest": f"sha-256=:{digest}:",
        "Sojourn-Rows": str(rows),
    }
    return Response(content, media_type=media_type, headers=headers)


@route("/data/{table:str}/{file:str}", http_method=READ, sync_to_thread=True)
def selection_file(request: Asked, table: Part, file: Part) -> Response[bytes]:
    """Give a selection as a file called `download.` and its format's suffix."""
    visit = visit_of(request)
    stem, _, suffix = file.partition(".")
    format_ = _FORMATS.get(suffix)
    if stem != "download" or format_ is None:
        raise PageProblem(404, "problem.404")
    release = release_of(visit, table)
    selection = selection_of(visit, release, table)
    observations, _ = visit.site.cells(release, table).chosen(selection)
    most = WORKBOOK_ROWS if format_ == "xlsx" else ROWS_IN_A_FILE
    if observations.num_rows > most:
        raise PageProblem(
            413,
            "problem.413",
            texts={"count": visit.words.number(observations.num_rows), "most": visit.words.number(most)},
            page={"whole": f"/data/{table}#downloads"},
            members={"rows": observations.num_rows, "most": most},
        )
    content = _content(visit, release, table, format_, observations)
    name = f"{table}-{release.entry.version}-selection.{suffix}"
    return _file(content, MEDIA_TYPES[format_], name, observations.num_rows)


def _content(visit: Visit, release: OpenRelease, table: str, format_: str, observations: Any) -> bytes:
    description, language = release.tables[table], visit.language
    if format_ == "sdmx-csv":
        return sdmx_csv_bytes(release.description.agency, description, observations)
    if format_ == "parquet":
        return parquet_bytes(observations)
    if format_ == "xlsx":
        return workbook_bytes(release.description, description, observations, language)
    content = csv_bytes(description, observations, language)
    if format_ == "csv":
        return content
    return csvw_metadata(
        release.description,
        description,
        file="download.csv",
        rows=observations.num_rows,
        sha256=hashlib.sha256(content).hexdigest(),
        language=language,
        published=release.entry.published_at,
    )


@route("/releases/{release:str}/{table:str}/{file:str}", http_method=READ, sync_to_thread=True)
def whole_file(request: Asked, release: Part, table: Part, file: Part) -> Stream:
    """Give the whole table of a release as it was written at publication."""
    visit = visit_of(request)
    opened = visit.snapshot.releases.get(release)
    if opened is None or table not in opened.tables:
        entry = visit.snapshot.manifest.entry(release)
        withdrawn = entry is not None and entry.status == "withdrawn"
        raise PageProblem(410, "problem.410") if withdrawn else PageProblem(404, "problem.404")
    named, content = opened.download(table, file)
    digest = base64.b64encode(bytes.fromhex(named.sha256)).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Content-Length": str(named.bytes),
        "Content-Digest": f"sha-256=:{digest}:",
        "Sojourn-Rows": str(named.rows),
    }
    return Stream(_pieces(content), media_type=named.media_type, headers=headers)


def _pieces(content: BufferedReader) -> Iterator[bytes]:
    with content:
        while piece := content.read(_PIECE):
            yield piece


@route("/data/{table:str}/chart.svg", http_method=READ, sync_to_thread=True)
def chart_file(request: Asked, table: Part) -> Response[bytes]:
    """Draw a selection."""
    visit = visit_of(request)
    found = dataset_of(visit, table)
    if not found.grid.rows:
        raise PageProblem(404, "problem.empty")
    key = ("chart", *_drawing_key(visit, found.release, table, found.selection))
    drawn = visit.site.drawing(key)
    if drawn is None:
        drawing = chart(
            found.description,
            found.grid,
            visit.words,
            title=found.title,
            summary=" ".join(found.sentences),
            inks=theme(visit.one("theme")),
            is_narrow=visit.one("size") == "narrow",
        )
        drawn = visit.site.keep_drawing(key, svg_of(drawing, visit.words))
    return Response(drawn, media_type="image/svg+xml")


@route("/data/{table:str}/map.svg", http_method=READ, sync_to_thread=True)
def map_file(request: Asked, table: Part) -> Response[bytes]:
    """Draw one slice of a selection on a map of the world."""
    visit = visit_of(request)
    release = release_of(visit, table)
    description = release.tables[table]
    by, shapes = map_dimension(description), installed_shapes()
    if by is None or shapes is None:
        raise PageProblem(404, "problem.map")
    sliced = map_selection(description, selection_of(visit, release, table), by)
    key = ("map", *_drawing_key(visit, release, table, sliced))
    drawn = visit.site.drawing(key)
    if drawn is None:
        cells = visit.site.cells(release, table)
        laid_out = grid(cells, sliced)
        drawing = world_map(
            cells,
            sliced,
            by,
            shapes,
            visit.words,
            title=title_of(description, laid_out, visit.words),
            summary=" ".join(summary(description, laid_out, visit.words)),
            inks=theme(visit.one("theme")),
            is_narrow=visit.one("size") == "narrow",
        )
        drawn = visit.site.keep_drawing(key, svg_of(drawing, visit.words))
    return Response(drawn, media_type="image/svg+xml")


def _drawing_key(visit: Visit, release: OpenRelease, table: str, selection: Selection) -> tuple[object, ...]:
    # Only what changes the drawing, so that made-up values do not fill the memory.
    is_dark, is_narrow = visit.one("theme") == "dark", visit.one("size") == "narrow"
    return (release.entry.hash, table, selection.query(), visit.language, is_dark, is_narrow)


@route("/catalog.jsonld", http_method=READ, sync_to_thread=True)
def catalogue_file(request: Asked) -> Response[bytes]:
    """Describe all tables to machines: DCAT with what search engines for data look for."""
    visit = visit_of(request)
    document = catalogue_document(visit.snapshot, visit.origin)
    return Response(json.dumps(document, ensure_ascii=False).encode(), media_type="application/ld+json")


@route("/health", http_method=READ, sync_to_thread=True)
def health(request: Asked) -> Response[dict[str, Any]]:
    """Say whether the site stands and what it shows."""
    snapshot = visit_of(request).snapshot
    state = {"status": "ok", "releases": len(snapshot.releases), "unshown": len(snapshot.unshown)}
    return Response(state, media_type="application/json", headers={"Cache-Control": "no-store"})


@route("/static/{name:str}", http_method=READ, sync_to_thread=False)
def static_file(name: Part) -> Response[bytes]:
    """Give one of the site's own files; its name holds its digest, so it never changes."""
    if name not in static_files():
        raise PageProblem(404, "problem.404")
    content, media_type = static_files()[name]
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=media_type, headers=headers)


@route("/robots.txt", http_method=READ, sync_to_thread=False)
def robots() -> Response[bytes]:
    """Let search engines read everything but the endless space of selections."""
    return Response(b"User-agent: *\nDisallow: /data/*?\n", media_type="text/plain")


FILES = (
    selection_file,
    whole_file,
    chart_file,
    map_file,
    catalogue_file,
    health,
    static_file,
    robots,
)
