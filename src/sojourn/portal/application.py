"""The portal as an application: given the public folder, it serves it."""

from __future__ import annotations

from pathlib import Path

from litestar import Litestar, Response
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.middleware.rate_limit import RateLimitConfig

from sojourn.portal.files import FILES
from sojourn.portal.headers import add_headers, entity_tag, matches
from sojourn.portal.pages import PAGES, Asked
from sojourn.portal.problems import problem_answer
from sojourn.portal.rendering import site_mark
from sojourn.portal.site import Site
from sojourn.portal.visits import visit_of

__all__ = ["application"]

REQUESTS_A_MINUTE = 1200


def application(public: Path, *, requests_a_minute: int = REQUESTS_A_MINUTE) -> Litestar:
    """The portal of one public folder. It opens nothing outside of it."""
    limit = RateLimitConfig(rate_limit=("minute", requests_a_minute), exclude=["^/static/", "^/health"])
    return Litestar(
        route_handlers=[*PAGES, *FILES],
        state=State({"site": Site(public)}),
        before_request=_known_already,
        before_send=[add_headers],
        exception_handlers={Exception: problem_answer},
        compression_config=CompressionConfig(backend="gzip", minimum_size=600, gzip_compress_level=5),
        middleware=[limit.middleware],
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


async def _known_already(request: Asked) -> Response[None] | None:
    """Answer 304 when the reader holds the same page: same zone, address, language and code."""
    if request.url.path.startswith(("/static/", "/health")):
        return None
    visit = visit_of(request)
    tag = entity_tag(visit.snapshot.digest, visit.path, repr(visit.asked), visit.language, site_mark())
    request.scope["state"]["entity_tag"] = tag
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(None, status_code=304)
    return None
