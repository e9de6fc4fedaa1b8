"""Where zones lie, told from a path alone: for whoever writes a file that somebody named."""

from __future__ import annotations

from pathlib import Path

from sojourn.errors import NotPermitted

__all__ = ["require_not_public"]

_PUBLIC, _BESIDE = "public", ("vault", "secure")


def require_not_public(path: Path) -> None:
    """Nothing, if a path, its links followed, does not lead into the public zone of a project.

    Raises: NotPermitted.
    """
    place = path.resolve()
    for folder in (place, *place.parents):
        if folder.name == _PUBLIC and all((folder.parent / name).is_dir() for name in _BESIDE):
            raise NotPermitted(
                f"{path} lies in the public zone, and only a release writes there.",
                "Name a place outside the project's folder local.",
            )
