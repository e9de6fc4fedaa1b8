"""The public zone is read downwards only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sojourn.dissemination.zone import NotInZone, PublicZone


@pytest.fixture
def zone(tmp_path: Path) -> PublicZone:
    public = tmp_path / "public"
    (public / "a").mkdir(parents=True)
    (public / "a" / "file").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (public / "link").symlink_to(tmp_path / "secret")
    (public / "folder-link").symlink_to(tmp_path)
    (public / "inner-link").symlink_to(public / "a" / "file")
    os.mkfifo(public / "pipe")
    return PublicZone(public)


def test_a_file_is_read_by_the_names_of_its_folders_and_its_own(zone: PublicZone):
    assert zone.read("a", "file") == b"inside"


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ("",),
        (".",),
        ("..", "secret"),
        ("a", "..", "a", "file"),
        ("a/file",),
        ("a\\file",),
        ("/etc/passwd",),
        ("link",),
        ("folder-link", "secret"),
        ("inner-link",),
        ("a",),
        ("pipe",),
        ("a", "file\0"),
        ("absent",),
        ("x" * 5000,),
    ],
)
def test_what_is_no_plain_file_inside_is_not_there(zone: PublicZone, parts: tuple[str, ...]):
    with pytest.raises(NotInZone):
        zone.read(*parts)


def test_a_file_larger_than_its_limit_is_not_read(zone: PublicZone):
    with pytest.raises(NotInZone, match="larger"):
        zone.read("a", "file", limit=5)


def test_a_changed_file_has_another_signature(zone: PublicZone):
    before = zone.signature("a", "file")
    (zone.folder / "a" / "file").write_text("inside!")
    assert zone.signature("a", "file") != before
