"""What a contract is: a class that reads like a codebook.

A contract is a subclass of `Table`. Its docstring says what one row is, each `column(...)` what a
column means; from the class come the Arrow schema, the conformity check, the reference page, the
provider's template and test data. Null means missing. NaN never enters: it is neither a number nor
missing, and engines disagree on it.
"""

from __future__ import annotations

import datetime
import enum
import types
import typing
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import ContractBroken

__all__ = ["Column", "Sensitivity", "Table", "Zone", "column"]


class Zone(enum.StrEnum):
    """Where a table may lie, from the most to the least protected."""

    VAULT = "vault"
    SECURE = "secure"
    PUBLIC = "public"


class Sensitivity(enum.StrEnum):
    """What a column can do to a person if it leaks."""

    IDENTIFIES = "identifies"
    QUASI = "quasi-identifies"
    SENSITIVE = "sensitive"
    TECHNICAL = "technical"
    PUBLIC = "public"


_ARROW_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime.date: pa.date32(),
    datetime.datetime: pa.timestamp("us", tz="UTC"),
    bytes: pa.binary(),
}


@dataclass(frozen=True)
class Column:
    """One column of a contract: its meaning, type, code list and role."""

    meaning: str
    codes: str | None = None
    key: bool = False
    required: bool = False
    sensitivity: Sensitivity = Sensitivity.TECHNICAL
    unit: str | None = None
    name: str = ""
    python_type: type = str

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type that a conforming column has."""
        return _ARROW_TYPES[self.python_type]

    @property
    def field(self) -> pa.Field:
        """The Arrow field, nullable unless the column is a key or required."""
        return pa.field(self.name, self.arrow_type, nullable=not (self.key or self.required))


def column(
    meaning: str,
    *,
    codes: str | None = None,
    key: bool = False,
    required: bool = False,
    sensitivity: Sensitivity = Sensitivity.TECHNICAL,
    unit: str | None = None,
) -> Any:
    """Declare a column of a contract; its name and type come from the annotation beside it."""
    return Column(meaning, codes=codes, key=key, required=required, sensitivity=sensitivity, unit=unit)


def _plain_type(annotation: Any) -> type:
    """The type inside `X | None`, or the annotation itself."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        annotation = next(part for part in typing.get_args(annotation) if part is not type(None))
    if annotation not in _ARROW_TYPES:
        raise TypeError(f"A contract's column cannot be of type {annotation!r}.")
    return typing.cast("type", annotation)


class Table:
    """A contract. Subclass it, give it a docstring, a zone and columns.

    `natural_key` names the columns by which the source itself tells its records apart.
    """

    zone: ClassVar[Zone]
    natural_key: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[dict[str, Column]] = {}

    def __init_subclass__(
        cls, zone: Zone | None = None, natural_key: tuple[str, ...] = (), **rest: Any
    ) -> None:
        super().__init_subclass__(**rest)
        if zone is not None:
            cls.zone = zone
        cls.natural_key = natural_key
        if not cls.__doc__:
            raise TypeError(f"The contract {cls.__name__} does not say what one of its rows is.")
        annotations = typing.get_type_hints(cls)
        own = {
            name: replace(declared, name=name, python_type=_plain_type(annotations[name]))
            for name, declared in vars(cls).items()
            if isinstance(declared, Column)
        }
        cls.columns = {**cls.columns, **own}

    @classmethod
    def title(cls) -> str:
        """The contract's name in the catalogue and in paths: `MigrationEvent` is `migration_event`."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("_")

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The names of the columns that together identify a row."""
        return tuple(name for name, declared in cls.columns.items() if declared.key)

    @classmethod
    def schema(cls, dimensions: tuple[str, ...] = ()) -> pa.Schema:
        """The Arrow schema; `dimensions` are code columns that come first, as text that is never null."""
        clash = set(dimensions) & set(cls.columns)
        if clash:
            raise ContractBroken(f"{cls.__name__}: a dimension cannot be called {', '.join(sorted(clash))}.")
        leading = [pa.field(name, pa.string(), nullable=False) for name in dimensions]
        return pa.schema([*leading, *(declared.field for declared in cls.columns.values())])

    @classmethod
    def conform(cls, table: pa.Table, dimensions: tuple[str, ...] = ()) -> pa.Table:
        """Cast and order a table's columns as the contract asks, or say all that is missing.

        Columns that the contract does not name are an error too: nothing travels unnoticed.

        Raises: ContractBroken naming every absent, surplus, uncastable, null or NaN column.
        """
        schema = cls.schema(dimensions)
        absent = [name for name in schema.names if name not in table.column_names]
        surplus = [name for name in table.column_names if name not in schema.names]
        complaints = [f"has no column {name}" for name in absent] + [
            f"has a column {name} that the contract does not name" for name in surplus
        ]
        arrays = []
        for field in schema:
            if field.name in absent:
                continue
            try:
                values = table.column(field.name).cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                complaints.append(f"cannot turn column {field.name} into {field.type}")
                continue
            if not field.nullable and values.null_count:
                complaints.append(f"lacks {field.name} in {values.null_count} rows")
            if pa.types.is_floating(field.type) and (pc.any(pc.is_nan(values)).as_py() or False):
                complaints.append(f"holds NaN in column {field.name}: use null for what is missing")
            arrays.append(values)
        if complaints:
            raise ContractBroken(f"The table is not a {cls.__name__}: it {'; it '.join(complaints)}.")
        return pa.table(arrays, schema=schema)
