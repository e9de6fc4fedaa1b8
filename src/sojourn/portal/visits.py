"""One visit: what was asked, in which language, and the snapshot that answers it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from litestar import Request
from litestar.datastructures import State

from sojourn.dissemination.wording import Wording, wording
from sojourn.portal.problems import PageProblem
from sojourn.portal.site import Site, Snapshot

__all__ = ["Visit", "visit_of"]

LONGEST_QUERY = 32_768
_PREFERENCE = re.compile(r"([A-Za-z*-]{1,20})(?:\s*;\s*q=([01](?:\.\d{0,3})?))?")


@dataclass(frozen=True)
class Visit:
    """A request with its language, its parts and the snapshot that it is answered from."""

    path: str
    asked: tuple[tuple[str, str], ...]
    words: Wording
    language_is_chosen: bool
    snapshot: Snapshot
    site: Site
    origin: str

    @property
    def language(self) -> str:
        """The tag of the page's language."""
        return self.words.language

    def one(self, name: str, default: str = "") -> str:
        """The last value of a part, or a default."""
        return next((value for key, value in reversed(self.asked) if key == name), default)

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """What was asked but for some parts."""
        return tuple((key, value) for key, value in self.asked if key not in names)

    def link(self, path: str, parts: Iterable[tuple[str, str]] = ()) -> str:
        """An address on this site that keeps the reader's chosen language."""
        kept = [(key, value) for key, value in parts if value != ""]
        if self.language_is_chosen and not any(key == "lang" for key, _ in kept):
            kept.append(("lang", self.language))
        return quote(path, safe="/.-_~") + (f"?{urlencode(kept)}" if kept else "")

    def in_language(self, language: str) -> str:
        """This page's address in another language."""
        return quote(self.path, safe="/.-_~") + "?" + urlencode([*self.without("lang"), ("lang", language)])


def visit_of(request: Request[object, object, State]) -> Visit:
    """The visit of a request; made once, so that an answer is never made from two snapshots.

    Raises: PageProblem if the address cannot be read.
    """
    held = request.scope["state"].get("visit")
    if isinstance(held, Visit):
        return held
    raw: bytes = request.scope["query_string"]
    site: Site = request.app.state["site"]
    asked: tuple[tuple[str, str], ...] = ()
    problem = None
    try:
        if len(raw) > LONGEST_QUERY:
            raise ValueError
        asked = tuple(
            parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=4000)
        )
    except ValueError:
        problem = PageProblem(400, "problem.address")
    chosen = next((value for key, value in asked if key == "lang"), "")
    snapshot = site.snapshot()
    is_chosen = chosen in snapshot.languages
    wished = request.headers.get("accept-language", "")
    language = chosen if is_chosen else _accepted(wished, snapshot.languages)
    visit = Visit(
        path=request.scope["path"],
        asked=asked,
        words=wording(language),
        language_is_chosen=is_chosen,
        snapshot=snapshot,
        site=site,
        origin=str(request.base_url).rstrip("/"),
    )
    request.scope["state"]["visit"] = visit
    if problem is not None:
        raise problem
    return visit


def _accepted(header: str, languages: tuple[str, ...]) -> str:
    """The language a browser likes best among those that the site has; the site's own when it likes none."""
    wishes = []
    for part in header[:500].split(","):
        found = _PREFERENCE.fullmatch(part.strip())
        if found:
            wishes.append((float(found[2] or "1"), found[1].lower()))
    for weight, tag in sorted(wishes, key=lambda wish: -wish[0]):
        for language in languages:
            if weight > 0 and (tag == language.lower() or tag.partition("-")[0] == language.lower()):
                return language
    return languages[0]
