"""Pages from templates: everything escaped, numbers and days through filters that know the language."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from sojourn.dissemination.descriptions import Texts, text_in
from sojourn.dissemination.wording import TRANSLATIONS, wording
from sojourn.portal.visits import Visit

__all__ = ["render", "site_mark", "static_files", "static_path"]

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def render(template: str, visit: Visit, **shown: Any) -> bytes:
    """A page in the visit's language."""
    agency = visit.snapshot.manifest.agency
    page = _environment().get_template(template)
    return page.render(
        visit=visit,
        words=visit.words,
        link=visit.link,
        languages=[wording(language) for language in visit.snapshot.languages],
        agency=agency,
        site_name=text_in(agency.name, visit.language)[0] or visit.words("site.unnamed"),
        **shown,
    ).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sojourn.portal", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"number": _number, "day": _day, "told": _told, "plain": _plain})
    environment.globals["static"] = static_path
    return environment


@pass_context
def _number(context: Context, number: float, decimals: int = 0) -> str:
    return str(context["words"].number(number, decimals))


@pass_context
def _day(context: Context, day: date) -> str:
    return str(context["words"].day(day))


@pass_context
def _told(context: Context, texts: Texts) -> Markup:
    """A text in the page's language, set apart and marked where it is in another one."""
    words = context["words"]
    text, tag = text_in(texts, words.language)
    if tag == words.language:
        return Markup("<bdi>{}</bdi>").format(text)
    return Markup('<bdi lang="{}">{}</bdi>').format(tag, text)


@pass_context
def _plain(context: Context, texts: Texts) -> str:
    return text_in(texts, context["words"].language)[0]


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """The site's own files by a name that holds their digest."""
    found = {}
    for file in sorted(_STATIC.iterdir()):
        if file.suffix in _TYPES:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[f"{file.stem}.{digest}{file.suffix}"] = (content, _TYPES[file.suffix])
    return found


@cache
def site_mark() -> str:
    """What changes when the site's own templates, words or files do."""
    templates = sorted((Path(__file__).parent / "templates").iterdir())
    digest = hashlib.sha256("".join(static_files()).encode())
    for file in (*templates, *sorted(TRANSLATIONS.iterdir())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def static_path(name: str) -> str:
    """The address of one of the site's own files."""
    stem, _, suffix = name.rpartition(".")
    return next(
        f"/static/{it}" for it in static_files() if it.startswith(f"{stem}.") and it.endswith(f".{suffix}")
    )
