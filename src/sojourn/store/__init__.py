"""Immutable versions of tables in zones, the vault's files as received, and the project's keys."""

from sojourn.store.keys import Keys
from sojourn.store.store import Store, Version

__all__ = ["Keys", "Store", "Version"]
