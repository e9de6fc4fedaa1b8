"""An office with two sources, their records received, and pairs of keys as a linkage would leave them."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from small_project import AGREEMENTS, HEADER, crossing, write_small_project
from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.table import Zone
from sojourn.production.fingerprints import fingerprint
from sojourn.production.receive import receive
from sojourn.production.versions import VersionRecord, name_version
from sojourn.production.workspace import Workspace, open_workspace

REGISTER = """\
id: register
title: {en: Register of foreigners}
kind: population_register
provider: nso
agreement: register-2020
arrives: {every: year}
gives: person
identifies_by: [document_no, surname, given_names, birth_date]
columns:
  reference_date: {period: last_day}
  document_no: DOC
  surname: SURNAME
  given_names: GIVEN
  birth_date: BORN
  birth_year: {from: BORN, part: year}
  sex: SEX
  citizenship: NAT
"""
PERSONS = 60


def canary(number: int) -> dict[str, str]:
    """A person whose names and document number occur nowhere else."""
    return {
        "SURNAME": f"Zwitscherlein{chr(97 + number % 26)}{chr(97 + number // 26)}",
        "GIVEN": f"Gelbfeder{chr(97 + number % 26)}{chr(97 + number // 26)} Ottokar",
        "DOC": f"QX{number:06d}CANARY",
        "BORN": f"19{50 + number % 40}-0{1 + number % 9}-{10 + number % 19}",
    }


def values_of_canaries() -> list[str]:
    """Every name and number that may be seen nowhere outside the vault but on an unmasked page."""
    found = [
        word for n in range(PERSONS) for part in ("SURNAME", "GIVEN") for word in canary(n)[part].split()
    ]
    return sorted({*found, *(canary(n)[part] for n in range(PERSONS) for part in ("DOC", "BORN"))})


def write_office(folder: Path, keys: Path, sent: Path) -> Path:
    """The project with its records; the register knows the border's persons, each tenth under a slip."""
    write_small_project(folder, keys)
    agreement = "- {id: register-2020, provider: nso, sources: [register], from: 2020-01-01}\n"
    (folder / "strategy" / "agreements.yaml").write_text(AGREEMENTS + agreement, encoding="utf-8")
    settings = folder / "sojourn.yaml"
    linkage = "linkage: {sources: [border, register]}\n"
    settings.write_text(settings.read_text(encoding="utf-8") + linkage, encoding="utf-8")
    (folder / "sources" / "register").mkdir()
    (folder / "sources" / "register" / "source.yaml").write_text(REGISTER, encoding="utf-8")
    sent.mkdir()
    border = [crossing(n, **canary(n)) for n in range(PERSONS)]
    again = crossing(PERSONS, **canary(0))
    (sent / "border.csv").write_text("\n".join([HEADER, *border, again]) + "\n", encoding="utf-8")
    lines = ["DOC,SURNAME,GIVEN,BORN,SEX,NAT"]
    for n in range(PERSONS):
        known = canary(n) | {"DOC": f"RX{n:06d}CANARY"}
        surname = f"{known['SURNAME'][:-1]}x" if n % 10 == 0 else known["SURNAME"]
        lines.append(f"{known['DOC']},{surname},{known['GIVEN']},{known['BORN']},F,NOR")
    (sent / "register.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open_workspace(folder) as workspace:
        for source in ("border", "register"):
            receive(workspace, source, sent / f"{source}.csv", period="2024")
        write_pairs(workspace)
    return folder


def keys_by_person(workspace: Workspace, source: str) -> list[str]:
    """The keys of a source, in the order of its persons."""
    folder = workspace.store.zone(Zone.VAULT) / f"records_{source}"
    found = pa.concat_tables([pq.read_table(file) for file in sorted(folder.glob("*/*.parquet"))])
    by_key = dict(zip(found["given_names"].to_pylist(), found["person_key"].to_pylist(), strict=True))
    return [by_key[canary(n)["GIVEN"]] for n in range(PERSONS)]


def write_pairs(workspace: Workspace) -> str:
    """Pairs of each border person with the same and with the next person of the register.

    Of the same ones 50 are links and 10 are not; of the others 5 are links. So precision is 50/55 and recall
    50/60.
    """
    border, register = keys_by_person(workspace, "border"), keys_by_person(workspace, "register")
    rows = []
    for n in range(PERSONS):
        for step in (0, 1):
            is_link = n < 50 if step == 0 else n < 5
            sure = 0.3 * n / PERSONS
            rows.append(
                {
                    "pair_id": f"{'true' if step == 0 else 'other'}-{n:03d}",
                    "source": "border",
                    "record_key": border[n],
                    "other_source": "register",
                    "other_key": register[(n + step) % PERSONS],
                    "score": 9.0 if is_link else -3.0,
                    "probability": 0.95 - sure if is_link else 0.05 + sure,
                    "is_link": is_link,
                    "method": "PROB",
                }
            )
    table = LinkPair.conform(pa.Table.from_pylist(rows))
    mark = fingerprint(table.to_pylist())
    with workspace.catalogue.work(workspace.actor, "link", "link_pair", "test") as act:
        with workspace.store.writing(LinkPair, "link_pair", mark) as folder:
            pq.write_table(table, folder / "part-000000.parquet")
        about = VersionRecord("link_pair", Zone.SECURE, "LinkPair", mark, len(table), (), {})
        act.then(partial(name_version, workspace, about))
    _write_links(workspace, {"border": border, "register": register})
    assert pc.sum(table["is_link"]).as_py() == 55
    return mark


def copied_office(made: Path, folder: Path) -> Path:
    """A copy of an office that was written, with keys of its own; receiving its files takes seconds."""
    shutil.copytree(made, folder)
    settings = folder / "ruritania" / "sojourn.yaml"
    text = settings.read_text(encoding="utf-8").replace(str(made / "keys"), str(folder / "keys"))
    settings.write_text(text, encoding="utf-8")
    return folder / "ruritania"


def _write_links(workspace: Workspace, keys: dict[str, list[str]]) -> None:
    """What the linkage knows of each key besides; the register does not know where people were born."""
    rows = [
        {
            "source": source,
            "record_key": key,
            "person_key": key,
            "method": "NONE",
            "records": 1,
            "sex": "F" if source == "register" else "FM"[number % 2],
            "citizenship": "NOR",
            "birthplace": "_U" if source == "register" else "SYR",
            "script": "Latn",
            "has_document": True,
            "has_birth_day": True,
        }
        for source, of_source in keys.items()
        for number, key in enumerate(of_source)
    ]
    empty = dict.fromkeys(Link.columns)
    table = Link.conform(pa.Table.from_pylist([{**empty, **row} for row in rows], schema=Link.schema()))
    mark = fingerprint(table.to_pylist())
    with workspace.catalogue.work(workspace.actor, "link", "link", "test") as act:
        with workspace.store.writing(Link, "link", mark) as folder:
            pq.write_table(table, folder / "part-000000.parquet")
        about = VersionRecord("link", Zone.SECURE, "Link", mark, len(table), (), {})
        act.then(partial(name_version, workspace, about))
