"""The only room that names DuckDB: confined connections, relations, and the text of SQL that varies.

A method is SQL in a file beside the function that documents it. `Engine` runs it over named relations
with bound parameters; `Relation` is what goes in and comes out.
"""

from sojourn.engine.connection import ConditionUnfit, Engine, Source
from sojourn.engine.relation import Relation
from sojourn.engine.statements import SqlFile, sql_beside

__all__ = ["ConditionUnfit", "Engine", "Relation", "Source", "SqlFile", "sql_beside"]
