"""Examine a project: is everything that the catalogue names there, unchanged, and provable?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.contracts.table import Zone
from sojourn.dissemination.fonts import register_fonts
from sojourn.dissemination.publication import changed_files, read_manifest
from sojourn.dissemination.shapes import shapes_file
from sojourn.errors import SojournError, shown
from sojourn.production.key_state import key_problem
from sojourn.production.workspace import Workspace
from sojourn.release.gate import Gate
from sojourn.release.public_side import strange_entries
from sojourn.store.durable import file_sha256

__all__ = ["Finding", "examine", "gate_of"]

LEAST_FREE_BYTES = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor looked at."""

    severity: Literal["ok", "note", "error"]
    subject: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        mark = {"ok": "ok   ", "note": "note ", "error": "ERROR"}[self.severity]
        return f"{mark} {self.subject}: {self.message}" + (f"\n      {self.remedy}" if self.remedy else "")

    def to_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        return dict(vars(self))


def gate_of(workspace: Workspace) -> Gate:
    """The gate of a project."""
    drafts = workspace.store.zone(Zone.SECURE) / "drafts"
    drafts.mkdir(exist_ok=True, mode=0o700)
    return Gate(
        workspace.catalogue,
        drafts,
        workspace.store.zone(Zone.PUBLIC),
        workspace.declarations.people,
    )


def examine(workspace: Workspace, *, fix: bool = False) -> list[Finding]:
    """Look at everything that can be wrong; with `fix`, repair what needs no decision."""
    with workspace.store.one_writer():
        findings = [
            _audit(workspace),
            *_versions(workspace),
            *_deliveries(workspace),
            *_unfinished(workspace, fix),
            _key(workspace),
            *_public(workspace, fix),
            *_permissions(workspace),
            _disk(workspace),
            *_installed(),
        ]
    workspace.catalogue.note(
        workspace.actor, "doctor", "project", errors=sum(f.severity == "error" for f in findings), fix=fix
    )
    return findings


def _audit(workspace: Workspace) -> Finding:
    found = workspace.catalogue.verify()
    if found is None:
        checkpoint = workspace.catalogue.checkpoint()
        size = checkpoint.sequence if checkpoint is not None else 0
        return Finding("ok", "audit trail", f"{size} events, unbroken and as the checkpoints saw them")
    return Finding(
        "error",
        "audit trail",
        f"the first bad place is event {found.sequence}: {found.message}",
        "Keep a copy of the database and of the checkpoints as they are, and find out who had access.",
    )


def _versions(workspace: Workspace) -> Iterator[Finding]:
    rows = workspace.catalogue.rows(sa.select(schema.table_version))
    damaged = 0
    for row in rows:
        wrong = workspace.store.damage(Zone(row["zone"]), row["name"], row["fingerprint"])
        if wrong is not None:
            damaged += 1
            yield Finding(
                "error",
                f"{row['zone']}/{row['name']}",
                f"version {row['fingerprint'][:12]}: {wrong}",
                "Restore it from a backup, or delete its folder and run `sojourn run`: it is made again"
                " from the deliveries.",
            )
    if not damaged:
        yield Finding("ok", "tables", f"{len(rows)} versions are there and unchanged")


def _deliveries(workspace: Workspace) -> Iterator[Finding]:
    rows = workspace.catalogue.rows(sa.select(schema.delivery.c.id, schema.delivery.c.sha256))
    lost = 0
    for row in rows:
        content = workspace.store.delivery(row["sha256"])
        if content is None or file_sha256(content) != row["sha256"]:
            lost += 1
            state = "is gone" if content is None else "was changed"
            yield Finding(
                "error",
                f"delivery {row['id']}",
                f"the file as received {state}",
                "Restore it from a backup.",
            )
    if not lost:
        yield Finding("ok", "deliveries", f"{len(rows)} files are kept as received")


def _unfinished(workspace: Workspace, fix: bool) -> Iterator[Finding]:
    named = {
        (row["zone"], row["name"], row["fingerprint"])
        for row in workspace.catalogue.rows(sa.select(schema.table_version))
    }
    known = {row["sha256"] for row in workspace.catalogue.rows(sa.select(schema.delivery.c.sha256))}
    deliveries = workspace.store.zone(Zone.VAULT) / "deliveries"
    kept = {path.name for path in deliveries.glob("*")} if deliveries.is_dir() else set()
    unnamed = workspace.store.unnamed(named)
    for zone, name, fingerprint in unnamed if fix else ():
        workspace.store.remove(zone, name, fingerprint)
    left = 0 if fix else len(unnamed)
    if left:
        yield Finding(
            "note",
            "unfinished work",
            f"{left} versions are not in the catalogue",
            "`sojourn doctor --fix` removes them.",
        )
    else:
        yield Finding("ok", "unfinished work", "there is none")
    if kept - known:
        yield Finding(
            "note",
            "deliveries",
            f"{len(kept - known)} files were kept but not taken in",
            "Refused files stay as evidence; their reasons are in the audit trail.",
        )


def _key(workspace: Workspace) -> Finding:
    problem = key_problem(workspace.catalogue, workspace.ring)
    if problem is None:
        return Finding("ok", "keys", "the key in force is to hand, and no other")
    return Finding("note", "keys", *problem)


def _public(workspace: Workspace, fix: bool) -> Iterator[Finding]:
    public = workspace.store.zone(Zone.PUBLIC)
    gate = gate_of(workspace)
    published = [row for row in gate.releases() if row["published_at"] is not None]
    if fix:
        gate.public.refresh_manifest()
    try:
        manifest = read_manifest(public)
    except SojournError as error:
        yield Finding(
            "error", "public zone", str(error), "`sojourn doctor --fix` writes it anew from the catalogue."
        )
        return
    listed = {entry.hash for entry in manifest.releases} if manifest is not None else set()
    named = {row["hash"] for row in published}
    if listed - named:
        yield Finding(
            "error",
            "public zone",
            "the manifest lists what the catalogue does not say is published",
            "Run `sojourn doctor --fix`.",
        )
        return
    is_shown = gate.public.is_shown()
    if not is_shown:
        yield Finding(
            "note",
            "public zone",
            "the portal does not show yet what the catalogue says: publishing or withdrawing was interrupted",
            "Give the same command again, or run `sojourn doctor --fix`.",
        )
    strange = strange_entries(public, named)
    if strange:
        yield Finding(
            "error",
            "public zone",
            f"{len(strange)} entries are of no release: {', '.join(shown(name) for name in strange[:3])}",
            "Find out who put them there, and remove them.",
        )
    changed = {row["hash"]: changed_files(public, row["hash"]) for row in published}
    for release, files in changed.items():
        if files:
            yield Finding(
                "error",
                "public zone",
                f"release {release[:12]}: {len(files)} files were changed after publication",
                "Restore them from a backup.",
            )
    if is_shown and not strange and not any(changed.values()):
        yield Finding("ok", "public zone", f"{len(published)} releases are there and unchanged")


def _permissions(workspace: Workspace) -> Iterator[Finding]:
    for zone in (Zone.VAULT, Zone.SECURE):
        folder = workspace.store.zone(zone)
        if folder.stat().st_mode & 0o077:
            yield Finding(
                "error", f"{zone} zone", "others than its owner can open it", f"Run: chmod 700 {folder}"
            )


def _disk(workspace: Workspace) -> Finding:
    free = shutil.disk_usage(workspace.store.local).free
    if free < LEAST_FREE_BYTES:
        return Finding(
            "error", "disk", f"only {free / 1e6:.0f} MB are free", "Make room before the next delivery."
        )
    return Finding("ok", "disk", f"{free / 1e9:.0f} GB are free")


def _installed() -> Iterator[Finding]:
    if shapes_file() is None:
        yield Finding(
            "note",
            "maps",
            "the shapes of countries are not installed; maps are not drawn",
            "Run `make setup` with access to the package registries.",
        )
    if not any("arab" in str(font).lower() for font in register_fonts()):
        yield Finding("note", "fonts", "charts cannot be lettered in Arabic", "Install the extra `fonts`.")
