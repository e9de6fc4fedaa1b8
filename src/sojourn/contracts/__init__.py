"""The tables that pass between stages: what one row is, what each column means, where it may lie.

Rooms meet only here. `table` holds what a contract is; `microdata` the tables about persons (vault
and secure zones); `spine` those that bring sources together; `aggregates` the tables about cells. Nothing is
imported here, so that a public room can take `aggregates` without loading the others.
"""
