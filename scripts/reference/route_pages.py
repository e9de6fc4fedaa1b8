"""The page of the portal's addresses, read from the application itself."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["route_page"]


def route_page() -> Iterator[str]:
    """The lines of the page."""
    yield from ["# Addresses of the portal", ""]
