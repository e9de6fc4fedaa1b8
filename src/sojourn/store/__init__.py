"""Immutable versions of tables in zones, the vault's files as received, and the project's keys.

Nothing is imported here, so that a public room can write durably (`durable`) without loading what knows
the tables of records.
"""
