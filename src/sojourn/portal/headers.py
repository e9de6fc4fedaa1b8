"""Headers on every answer, pages and problems alike: what a browser may do with it, and how long it holds."""

from __future__ import annotations

import hashlib

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

__all__ = ["SECURITY_HEADERS", "add_headers", "entity_tag", "matches"]

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
# A drawing opened by itself may neither run nor fetch anything.
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


async def add_headers(message: Message, scope: Scope) -> None:
    """Put the headers on an answer that is about to be sent."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    if headers.get("content-type", "").startswith("image/svg"):
        headers["Content-Security-Policy"] = DRAWING_POLICY
    tag = scope.get("state", {}).get("entity_tag")
    if message["status"] in (200, 304) and tag:
        headers["ETag"] = tag
    if "cache-control" not in headers:
        headers["Cache-Control"] = "no-cache" if message["status"] in (200, 304) else "no-store"
    headers["Vary"] = "Accept, Accept-Language, Accept-Encoding"


def entity_tag(*parts: str) -> str:
    """A tag of an answer: it changes when the zone, the address, the language or the code does."""
    return f'W/"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"'


def matches(header: str, tag: str) -> bool:
    """Whether a reader already holds what the tag stands for."""
    held = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in held or tag.removeprefix("W/") in held
