"""Record keys: one secret whole number for each statistical unit, the same in every table of an epoch.

The key of a unit is 32 bits of the HMAC of its kind and identifier under the epoch's salt. Nothing need be
stored, nobody without the salt can work it out, and it does not depend on the order of records. Persons and
households are different kinds and have different keys even where their identifiers are alike.

Source: methods reference, section 4.1.1; RFC 2104 (HMAC), FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.cell_keys.secrets import Epoch
from sojourn.engine import Relation
from sojourn.engine.cell_keys import keyed_records_statement, unit_statement
from sojourn.engine.compose import column_types
from sojourn.errors import DataRefused, ProjectError
from sojourn.integration.hmac_kernel import keyed_numbers
from sojourn.integration.pseudonyms import masked_keys

__all__ = ["HOUSEHOLD", "PERSON", "record_keys", "with_record_keys"]

PERSON, HOUSEHOLD = "person", "household"
_KIND = re.compile(r"[a-z_]{1,32}\Z")


def record_keys(units: pa.Array | pa.ChunkedArray, *, epoch: Epoch, kind: str = PERSON) -> pa.ChunkedArray:
    """The record key (unsigned, 32 bits) of each unit, from its identifier.

    Identifiers are text, or whole numbers, which are taken as the text of their digits.

    Raises: DataRefused where a unit has no identifier; ProjectError for a kind that is no plain word.
    """
    if not _KIND.match(kind):
        raise ProjectError(f"{kind!r} is no kind of unit.", "Write a plain word, as in person or household.")
    column = units if isinstance(units, pa.ChunkedArray) else pa.chunked_array([units])
    texts = pc.cast(column, pa.string())
    without = texts.null_count + int(pc.sum(pc.equal(pc.binary_length(texts), 0)).as_py() or 0)
    if without:
        raise DataRefused(
            f"{without} records have no identifier of their {kind}, and so no key.",
            f"Give every record the identifier of its {kind}, or leave out records that are of none.",
        )
    inner, outer = masked_keys(epoch.salt)
    prefix = f"cell-keys|{epoch.id}|{kind}|".encode()
    chunks = [pa.array(keyed_numbers(chunk, inner, outer, prefix)) for chunk in texts.chunks if len(chunk)]
    return pa.chunked_array(chunks, pa.uint32())


def with_record_keys(
    records: Relation, *, epoch: Epoch, unit: str = "person_key", kind: str = PERSON, name: str = "record_key"
) -> Relation:
    """The records with the key of their unit as a further column `name`, unsigned of 32 bits.

    Each unit's key is made once, however many records it has.

    Raises: as `record_keys`; ProjectError without the column of units.
    """
    held = column_types(records)
    if unit not in held or name in held:
        raise ProjectError(
            f"The records have no column {unit}, or have one called {name} already.",
            "Name the column that tells units apart, and a new name for their keys.",
        )
    found = records.engine.query(unit_statement(unit), {"records": records}).to_arrow()
    keys = record_keys(found["unit"], epoch=epoch, kind=kind)
    table = records.engine.relation(found.append_column("record_key", keys))
    statement = keyed_records_statement(unit, name)
    return records.engine.query(statement, {"records": records, "keys": table})
