"""Chances from a secret key: who gives the same key gets the same file again, and nobody else can.

A chance belongs to an identifier and a purpose, so that it depends neither on the order of records nor on
what else is done to them.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import ndtri

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.chances import chances, hashes

__all__ = ["Secret"]

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
_BYTES = 32


class Secret:
    """A secret key of 32 random bytes or more, and the chances that it makes. It does not show the key."""

    def __init__(self, key: bytes) -> None:
        """Raises: ProjectError for a key of fewer than 32 bytes."""
        if len(key) < _BYTES:
            raise ProjectError(f"The key has {len(key)} bytes.", f"Give {_BYTES} random bytes.")
        self._key = key

    def __repr__(self) -> str:
        return "Secret(…)"

    def numbers(self, identifiers: pa.Array | pa.ChunkedArray, purpose: str) -> Hashes:
        """A whole number of 64 bits for each identifier, which may not be missing.

        Raises: DataRefused where one is missing.
        """
        if identifiers.null_count:
            raise DataRefused(
                "A record has no identifier, and so no chance of its own.",
                "Give every record an identifier, or name no column of identifiers: rows are then numbered.",
            )
        return hashes(identifiers, self._purposed(purpose))

    def chances(self, identifiers: pa.Array | pa.ChunkedArray, purpose: str) -> Floats:
        """A number above 0 and below 1 for each identifier. Raises: as `numbers`."""
        if identifiers.null_count:
            self.numbers(identifiers, purpose)
        return chances(identifiers, self._purposed(purpose))

    def normal(self, identifiers: pa.Array | pa.ChunkedArray, purpose: str) -> Floats:
        """A draw from the standard normal distribution for each identifier. Raises: as `numbers`."""
        found: Floats = ndtri(self.chances(identifiers, purpose))
        return found

    def _purposed(self, purpose: str) -> bytes:
        return hashlib.blake2b(
            purpose.encode(), digest_size=16, key=self._key[:64], person=b"sojourn-microdat"
        ).digest()
