"""The catalogue: what the office knows about its own work.

Deliveries, versions of tables, releases, approvals, accounts and the audit trail, in one relational
database: SQLite by default, PostgreSQL when several people write. Every change and every access to
records is written together with its audit event, or not at all.
"""

from sojourn.catalogue.audit import Checkpoint, Finding
from sojourn.catalogue.catalogue import Catalogue, Transaction

__all__ = ["Catalogue", "Checkpoint", "Finding", "Transaction"]
