"""A thief with a list of documents and of people undoes plain hashes of them, and none of our pseudonyms.

The thief has the records of the secure zone, the program, and two lists: every passport number that
Ruritania's offices can have given out, and a roll of names with dates of birth. The only thing missing is
the key; with it the same lists find everybody, so the attack itself works.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.contracts.table import Zone
from sojourn.demo import generate
from sojourn.demo.country import areas
from sojourn.demo.papers import passport_numbers
from sojourn.engine import Engine
from sojourn.integration.pseudonyms import pseudonyms
from sojourn.production.key_state import key_in_force
from sojourn.production.receive import receive
from sojourn.production.workspace import open_workspace
from sojourn.store.keys import Keys

PURPOSE = "XRT_NSO"
SERIALS = 32  # passports that one person can have had, in the numbering of Ruritania


@pytest.fixture(scope="module")
def stolen(tmp_path_factory):
    """The secure zone's border pseudonyms, what they truly are, and the thief's two lists."""
    base = tmp_path_factory.mktemp("attack")
    ruritania = generate(base / "ruritania", persons=2_000, seed=1, keys=base / "keys")
    with open_workspace(ruritania.folder) as office:
        for file in ruritania.deliveries:
            if (file.source, file.period) in (("border", "2024"), ("register", "2024-12-31")):
                receive(office, file.source, file.path, period=file.period)
        zones = {zone: office.store.zone(zone) for zone in (Zone.VAULT, Zone.SECURE)}
        (master,) = office.ring.masters
        agency = office.declarations.settings.agency.id
        project, keys = key_in_force(office.catalogue).project, office.keys
    vault = {name: _table(zones[Zone.VAULT], f"records_{name}") for name in ("border", "register")}
    persons = pq.read_metadata(ruritania.truth / "persons.parquet").num_rows
    return {
        "pseudonyms": set(_table(zones[Zone.SECURE], "records_border")["person_key"].to_pylist()),
        "documents": set(vault["border"]["document_no"].to_pylist()),
        "people": _people(vault["register"]),
        "numbers": _numbers(persons),
        "agency": agency,
        "key": keys.pseudonym,
        "other": Keys.of(master, project=f"{project}-other", agency=agency).pseudonym,
    }


def _table(zone, name):
    return pa.concat_tables([pq.read_table(file) for file in sorted(zone.glob(f"{name}/*/*.parquet"))])


def _people(register):
    """Everybody on the roll, as a description is written."""
    columns = [register[name].to_pylist() for name in ("surname", "given_names", "birth_date")]
    return sorted({"|".join(parts) for parts in zip(*columns, strict=True) if None not in parts})


def _numbers(persons):
    """Every number that was or will be printed in a passport, under every country's letter."""
    serials = np.arange(persons * SERIALS, dtype=np.int64)
    found = set()
    letters = {}
    for area in range(len(areas().alpha_2) + 1):
        one = passport_numbers(np.array([0], dtype=np.int64), np.array([area]))[0].as_py()
        letters.setdefault(one[:-9], area)
    for area in letters.values():
        found.update(passport_numbers(serials, np.full(len(serials), area)).to_pylist())
    return sorted(found)


def _plain(kind, texts):
    """What a system without a key would keep: a hash of the same evidence, normalised in the same way."""
    return {hashlib.sha256(f"{PURPOSE}|{kind}|{_normal(t)}".encode()).hexdigest()[:32]: t for t in texts}


def _normal(text):
    return text.upper().translate(str.maketrans("", "", " -./"))


def _ours(kind, texts, key, purpose=PURPOSE):
    column = pa.array(list(texts), pa.string())
    nothing = pa.nulls(len(column), pa.string())
    rows = pa.table(
        {
            "record_id": column,
            "strongest": column if kind == "document" else nothing,
            "description": column if kind == "description" else nothing,
        }
    )
    with Engine() as engine:
        return set(pseudonyms(engine.relation(rows), key=key, purpose=purpose)["person_key"].to_pylist())


@pytest.fixture(scope="module")
def thief(stolen):
    """A plain hash of every number on the list."""
    return set(_plain("document", stolen["numbers"]))


def test_a_list_of_passport_numbers_undoes_plain_hashes(stolen, thief):
    kept = set(_plain("document", stolen["documents"]))
    broken = len(kept & thief)
    print(f"plain hashes of passport numbers: {broken} of {len(kept)} found with {len(thief)} guesses")
    assert broken >= 0.99 * len(kept) > 0


def test_a_roll_of_names_and_birth_dates_undoes_plain_hashes(stolen):
    kept = set(_plain("description", stolen["people"]))
    broken = len(kept & set(_plain("description", stolen["people"])))
    print(f"plain hashes of names and birth dates: {broken} of {len(kept)} found")
    assert broken >= 0.99 * len(kept) > 0


def test_the_same_list_of_passport_numbers_finds_no_pseudonym_without_the_key(stolen, thief):
    targets = stolen["pseudonyms"]
    assert not targets & thief
    no_key = hmac.new(b"", b"", hashlib.sha256).digest()
    for guess in (no_key, bytes(32), stolen["agency"].encode().ljust(32, b"\0"), stolen["other"]):
        found = targets & _ours("document", stolen["numbers"], guess, stolen["agency"])
        assert len(found) == 0
    print(f"our pseudonyms: 0 of {len(targets)} found with {len(stolen['numbers'])} guesses")


def test_the_same_roll_of_people_finds_no_pseudonym_without_the_key(stolen):
    targets = _ours("description", stolen["people"], stolen["key"])
    assert len(targets) > 1_000
    assert not targets & set(_plain("description", stolen["people"]))
    assert not targets & _ours("description", stolen["people"], stolen["other"])


def test_with_the_key_the_same_list_finds_everybody(stolen):
    """So it is the key that stands in the way, and it is guarded like the vault."""
    found = stolen["pseudonyms"] & _ours("document", stolen["numbers"], stolen["key"], stolen["agency"])
    assert len(found) == len(stolen["pseudonyms"])
