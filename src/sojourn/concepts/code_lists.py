"""Code lists: every word that a column or a cell may hold, as versioned data with a source and a status.

Absence has four faces that are never confused: null (the record says nothing), `_U` (asked, not known),
`_Z` (the question does not apply), and the record that is not there. `_T` and other aggregates are words
of tables, not of records: `Code.only_in_tables` tells them apart.

The data files are the authority; this module only reads them. A list may exist in several versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from types import MappingProxyType

import pyarrow as pa

from sojourn.concepts.languages import UN_LANGUAGES, territory_name
from sojourn.concepts.package_data import Row, day, entries_of, entry_in, parts, rows
from sojourn.concepts.spelling import folded, nearest
from sojourn.errors import ProjectError

__all__ = [
    "NOT_APPLICABLE",
    "OTHER",
    "STATELESS",
    "TOTAL",
    "UNKNOWN",
    "Code",
    "CodeList",
    "Standing",
    "code_list",
    "code_list_from_rows",
    "code_lists",
]

UNKNOWN = "_U"
NOT_APPLICABLE = "_Z"
TOTAL = "_T"
OTHER = "_O"
STATELESS = "STLS"

_OWN_COLUMNS = frozenset(
    [
        *["code", "parent", "valid_from", "valid_to", "successors", "aliases", "territory"],
        *["only_in_tables", "description", "source", "status", "verified"],
        *(f"name_{language}" for language in UN_LANGUAGES),
    ]
)


class Standing(StrEnum):
    """How far a concept is agreed on: by the world, by one country, or by its authors so far."""

    ADOPTED = "adopted"
    NATIONAL = "national"
    PROPOSED = "proposed"


@dataclass(frozen=True)
class Code:
    """One word of a code list.

    `valid_to` is the last day of validity; both bounds are open when absent. `successors` are the codes
    that took over. `attributes` holds the list's further columns, such as crosswalks to other lists.
    `is_verified` says whether the source was seen or the entry is from memory and wants checking.
    """

    code: str
    names: Mapping[str, str] = field(hash=False)
    parent: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    territory: str | None = None
    only_in_tables: bool = False
    description: str = ""
    source: str = ""
    status: Standing = Standing.PROPOSED
    is_verified: bool = False
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def name(self, language: str = "en") -> str:
        """The name in a language; the English one where that language has none (`is_named_in` tells)."""
        return self._own_name(language) or self.names["en"]

    def is_named_in(self, language: str) -> bool:
        """Whether `name(language)` is in that language rather than a fall-back on English."""
        return self._own_name(language) is not None

    def is_valid(self, on: date) -> bool:
        """Whether the code may be used for something that happened on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )

    def _own_name(self, language: str) -> str | None:
        if language in self.names:
            return self.names[language]
        return None if self.territory is None else territory_name(self.territory, language)


@dataclass(frozen=True)
class CodeList:
    """An ordered list of codes with who keeps it, where it comes from and how far it is agreed on."""

    id: str
    version: str
    agency: str
    source: str
    status: Standing
    is_verified: bool
    valid_from: date
    titles: Mapping[str, str] = field(hash=False)
    codes: tuple[Code, ...] = field(hash=False)
    description: str = ""

    def __post_init__(self) -> None:
        _refuse_repeated_codes(self)
        _refuse_unknown_parents(self)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def title(self, language: str = "en") -> str:
        """The list's title in a language, or in English where that language has none."""
        return self.titles.get(language, self.titles["en"])

    def code(self, code: str) -> Code:
        """The entry of a code.

        Raises: ProjectError with the nearest spellings. Codes come from declarations; records are
        compared with a list by joining `to_arrow()`, so that no record's value reaches a message.
        """
        if code in self._by_code:
            return self._by_code[code]
        near = ", ".join(f"{found.code} ({found.name()})" for found in self.suggest(code))
        raise ProjectError(
            f"The code list {self.id} has no code '{code}'.", f"Did you mean {near}?" if near else ""
        )

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """Each code that belongs under another, with that other."""
        return MappingProxyType({code.code: code.parent for code in self.codes if code.parent is not None})

    def children(self, code: str) -> tuple[Code, ...]:
        """The codes directly under a code, in the list's order."""
        return tuple(child for child in self.codes if child.parent == code)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes above a code, nearest first."""
        above: list[str] = []
        while (parent := self.parents.get(above[-1] if above else code)) is not None:
            above.append(parent)
        return tuple(above)

    @cached_property
    def for_records(self) -> tuple[str, ...]:
        """The codes that a record may hold: all but totals and other words of tables."""
        return tuple(code.code for code in self.codes if not code.only_in_tables)

    def find(self, text: str) -> Code | None:
        """The one code whose code, alias or name in a UN language is this text, whatever its case or accents.

        A text that fits several codes finds none: it is for a person to decide. Where a code that is
        still valid and a withdrawn one fit, the valid one is found.
        """
        if text in self._by_code:
            return self._by_code[text]
        fitting = self._spellings.get(folded(text), ())
        current = [self._by_code[code] for code in fitting if self._by_code[code].valid_to is None]
        candidates = current or [self._by_code[code] for code in fitting]
        return candidates[0] if len(candidates) == 1 else None

    def suggest(self, text: str, limit: int = 3) -> tuple[Code, ...]:
        """The codes whose code, alias or name looks most like a text, nearest first."""
        found: dict[str, None] = {}
        for spelling in nearest(text, self._spellings, 4 * limit):
            found.update(dict.fromkeys(self._spellings[spelling]))
        return tuple(self._by_code[code] for code in list(found)[:limit])

    def to_arrow(self, languages: tuple[str, ...] = UN_LANGUAGES) -> pa.Table:
        """The list as a table for joins: one row a code, in order; a name that a language lacks is null.

        Columns: code, position, parent, valid_from, valid_to, only_in_tables, name_en, one name column
        for each other language, and the list's attributes as text.
        """
        others = [language for language in languages if language != "en"]
        columns: dict[str, pa.Array] = {
            "code": pa.array([code.code for code in self.codes], pa.string()),
            "position": pa.array(range(len(self.codes)), pa.int32()),
            "parent": pa.array([code.parent for code in self.codes], pa.string()),
            "valid_from": pa.array([code.valid_from for code in self.codes], pa.date32()),
            "valid_to": pa.array([code.valid_to for code in self.codes], pa.date32()),
            "only_in_tables": pa.array([code.only_in_tables for code in self.codes], pa.bool_()),
            "name_en": pa.array([code.name() for code in self.codes], pa.string()),
        }
        for language in others:
            names = [code.name(language) if code.is_named_in(language) else None for code in self.codes]
            columns[f"name_{language}"] = pa.array(names, pa.string())
        for attribute in self.attributes:
            values = [code.attributes.get(attribute) for code in self.codes]
            columns[attribute] = pa.array(values, pa.string())
        return pa.table(columns)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """The names of the list's further columns, in the order of their first use."""
        return tuple(dict.fromkeys(name for code in self.codes for name in code.attributes))

    @cached_property
    def _by_code(self) -> Mapping[str, Code]:
        return MappingProxyType({code.code: code for code in self.codes})

    @cached_property
    def _spellings(self) -> Mapping[str, tuple[str, ...]]:
        spellings: dict[str, list[str]] = {}
        for code in self.codes:
            names = [code.name(language) for language in UN_LANGUAGES if code.is_named_in(language)]
            for spelling in {folded(text) for text in (code.code, *code.aliases, *names)}:
                spellings.setdefault(spelling, []).append(code.code)
        return MappingProxyType({spelling: tuple(codes) for spelling, codes in spellings.items()})


def _refuse_repeated_codes(codes: CodeList) -> None:
    if len(codes._by_code) == len(codes.codes):
        return
    seen = [code.code for code in codes.codes]
    repeated = sorted({code for code in seen if seen.count(code) > 1})
    raise ValueError(f"The code list {codes.id} holds {', '.join(repeated)} more than once.")


def _refuse_unknown_parents(codes: CodeList) -> None:
    for code, parent in codes.parents.items():
        if parent not in codes:
            raise ValueError(f"In the code list {codes.id} the parent of {code}, {parent}, is no code.")
        above: list[str] = [code]
        while above[-1] in codes.parents:
            if codes.parents[above[-1]] in above:
                raise ValueError(f"In the code list {codes.id} the code {code} is its own ancestor.")
            above.append(codes.parents[above[-1]])


def code_list_from_rows(header: Mapping[str, object], entries: tuple[Row, ...]) -> CodeList:
    """A code list from a header and the lines of its file, as text; national lists are made so too.

    The header names id, version, agency, source, status, verified (yes or no), valid_from, title (by
    language) and description. A line has `code` and `name_en`; all else is optional, columns that the
    list alone knows become attributes, and source, status and verified are the header's unless stated.
    """
    status, verified, source = header["status"], header["verified"], str(header["source"])
    titles = header["title"]
    if not isinstance(titles, Mapping):
        raise TypeError(f"The titles of the code list {header['id']} are not given by language.")
    return CodeList(
        id=str(header["id"]),
        version=str(header["version"]),
        agency=str(header["agency"]),
        source=source,
        status=Standing(str(status)),
        is_verified=verified == "yes",
        valid_from=date.fromisoformat(str(header["valid_from"])),
        titles=MappingProxyType(dict(titles)),
        codes=tuple(_code(entry, source, str(status), str(verified)) for entry in entries),
        description=str(header.get("description", "")).strip(),
    )


def _code(entry: Row, source: str, status: str, verified: str) -> Code:
    names = {language: entry.get(f"name_{language}") for language in UN_LANGUAGES}
    territory = entry.get("territory")
    if names["en"] is None and territory is not None:
        names["en"] = territory_name(territory, "en")
    code = entry["code"]
    if code is None or names["en"] is None:
        raise ValueError(f"A line of a code list lacks its code or its English name: {code}.")
    return Code(
        code=code,
        names=MappingProxyType({language: name for language, name in names.items() if name is not None}),
        parent=entry.get("parent"),
        valid_from=day(entry.get("valid_from")),
        valid_to=day(entry.get("valid_to")),
        successors=parts(entry.get("successors")),
        aliases=parts(entry.get("aliases")),
        territory=territory,
        only_in_tables=entry.get("only_in_tables") == "yes",
        description=entry.get("description") or "",
        source=entry.get("source") or source,
        status=Standing(entry.get("status") or status),
        is_verified=(entry.get("verified") or verified) == "yes",
        attributes=MappingProxyType(
            {name: value for name, value in entry.items() if name not in _OWN_COLUMNS and value is not None}
        ),
    )


@cache
def _headers(list_id: str) -> tuple[Mapping[str, object], ...]:
    """What is said of the versions of a list, the oldest first."""
    versions = [entry_in(text) for known, text in entries_of("lists.yaml") if known == list_id]
    return tuple(sorted(versions, key=lambda header: str(header["valid_from"])))


def code_lists() -> tuple[str, ...]:
    """The identifiers of the code lists that come with Sojourn."""
    return tuple(dict.fromkeys(list_id for list_id, _ in entries_of("lists.yaml")))


@cache
def code_list(list_id: str, version: str | None = None) -> CodeList:
    """A code list that comes with Sojourn: the named version, or the newest.

    Raises: ProjectError when there is no such list or version, with what there is.
    """
    versions = _headers(list_id)
    if not versions:
        known = {folded(known): known for known in code_lists()}
        likely = "".join(f"Did you mean {known[near]}? " for near in nearest(list_id, known, 1))
        raise ProjectError(
            f"There is no code list '{list_id}'.", f"{likely}The lists are {', '.join(code_lists())}."
        )
    for header in reversed(versions):
        if version is None or header["version"] == version:
            return code_list_from_rows(header, rows(str(header["file"])))
    held = ", ".join(str(header["version"]) for header in versions)
    raise ProjectError(
        f"The code list {list_id} has no version '{version}'.", f"There is {held}; name none for the newest."
    )
