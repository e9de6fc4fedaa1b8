"""What is published, read back: the manifest, and the proof that a release is the one that was released.

Apart from `publication`, which writes, so that whoever only reads loads nothing that can write.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from pydantic import ValidationError

from sojourn.dissemination.descriptions import Manifest
from sojourn.dissemination.zone import NotInZone, PublicZone
from sojourn.errors import ProjectError

__all__ = ["CHECKSUMS", "MANIFEST", "changed_files", "checksums_of", "read_manifest", "unlisted_files"]

MANIFEST = "releases.json"
CHECKSUMS = "checksums.txt"
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*)")


def read_manifest(public: Path | PublicZone) -> Manifest | None:
    """The manifest of a public zone, or `None` where nothing was ever published.

    Raises: ProjectError if the manifest cannot be understood.
    """
    zone = public if isinstance(public, PublicZone) else PublicZone(public)
    try:
        content = zone.read(MANIFEST)
    except NotInZone:
        return None
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ProjectError(
            f"The manifest {MANIFEST} cannot be understood: {place}: {first['msg']}.",
            "Restore it from a backup, or publish again.",
        ) from error


def checksums_of(zone: PublicZone, release: str) -> dict[str, str]:
    """The listed files of a release with their digests.

    Raises: NotInZone if the list is absent, is not the one that the folder is named by, or is no list.
    """
    listed = zone.read("releases", release, CHECKSUMS)
    if hashlib.sha256(listed).hexdigest() != release:
        raise NotInZone("The list of checksums is not the one that was published.")
    found = [_LINE.fullmatch(line) for line in listed.decode().splitlines()]
    if not all(found):
        raise NotInZone("The list of checksums cannot be understood.")
    return {line[2]: line[1] for line in found if line is not None}


def changed_files(public: Path | PublicZone, release: str) -> tuple[str, ...]:
    """The files of a release that are gone or are no longer what was published; none when all is well."""
    zone = public if isinstance(public, PublicZone) else PublicZone(public)
    try:
        listed = checksums_of(zone, release)
    except NotInZone:
        return (CHECKSUMS,)
    return tuple(path for path, digest in listed.items() if not _is_unchanged(zone, release, path, digest))


def _is_unchanged(zone: PublicZone, release: str, path: str, digest: str) -> bool:
    try:
        with zone.open("releases", release, *path.split("/")) as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == digest
    except NotInZone:
        return False


def unlisted_files(public: Path, release: str) -> tuple[str, ...]:
    """What lies in the folder of a release and is not on its list: files, links, folders without files."""
    try:
        listed = {CHECKSUMS, *checksums_of(PublicZone(public), release)}
    except NotInZone:
        return ()
    folder = public / "releases" / release
    folders = {parent.as_posix() for path in listed for parent in Path(path).parents}
    found = []
    for above, below, files in os.walk(folder):
        place = Path(above).relative_to(folder)
        links = [name for name in below if (Path(above) / name).is_symlink()]
        found += [path for name in (*files, *links) if (path := (place / name).as_posix()) not in listed]
        if place.as_posix() not in folders:
            found.append(place.as_posix())
    return tuple(sorted(found))
