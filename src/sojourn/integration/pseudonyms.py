"""Pseudonyms: keyed, made on receipt, and useless without the key.

Two records get the same pseudonym when the strongest identifier of both is the same after normalising
(case, blanks, hyphens, composed letters); without one, when everything else that identifies them is the
same. Nothing is guessed here: finding the same person behind different documents is linkage. The purpose
is part of what is hashed, so that two projects cannot be joined.
"""

from __future__ import annotations

import pyarrow as pa

from sojourn.engine import Relation, sql_beside
from sojourn.integration.hmac_kernel import keyed_digests

__all__ = ["NORMALISATION", "masked_keys", "pseudonyms", "pseudonyms_as_defined"]

NORMALISATION = "2"
_BLOCK = 64
_EVIDENCE = sql_beside(__file__, "evidence.sql")
_DEFINITION = sql_beside(__file__, "pseudonyms.sql")


def masked_keys(key: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer key of HMAC with SHA-256.

    Raises: ValueError if the key has fewer than 256 bits.
    Source: RFC 2104.
    """
    if len(key) < 32:
        raise ValueError("A pseudonym key needs at least 256 bits.")
    padded = key.ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in padded), bytes(b ^ 0x5C for b in padded)


def pseudonyms(identities: Relation, *, key: bytes, purpose: str) -> pa.Table:
    """Each identity with its `person_key`, without the evidence from which the key was made.

    `identities` has the columns record_id, strongest (text or null), description (text or null), and any
    others, which travel along. Computed by a compiled kernel.
    """
    found = _EVIDENCE(identities=identities).to_arrow()
    inner, outer = masked_keys(key)
    chunks = [
        keyed_digests(chunk, inner, outer, f"{purpose}|".encode()) for chunk in found["evidence"].chunks
    ]
    return found.drop(["evidence"]).append_column("person_key", pa.chunked_array(chunks, pa.string()))


def pseudonyms_as_defined(identities: Relation, *, key: bytes, purpose: str) -> Relation:
    """The same keys by the SQL that defines them; slower, and what the kernel is held to."""
    inner, outer = masked_keys(key)
    return _DEFINITION(evidence=_EVIDENCE(identities=identities), inner=inner, outer=outer, purpose=purpose)
