"""A folder of classified crossings that grows month by month, and how the files in it hang together.

Each file holds people with all their crossings, and a later one, by name, replaces the people of those before
it: what a folder says of a person is what its last file with that person says. Every file tells in its
metadata by which settings it was decided and after which files.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine, Relation
from sojourn.engine.crossings import histories_statement, touched_statement
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movement_spans import longest_window
from sojourn.integration.movements import CLASSIFIED, Gaps, Observation

__all__ = [
    "Earlier",
    "Terms",
    "earlier_results",
    "histories",
    "require_same_columns",
    "rule_as_text",
    "terms_of",
]

_KEY = b"sojourn.classified"
_FOLDER = "Keep the results of one series in a folder of their own, under the names that they were given."


@dataclass(frozen=True)
class Terms:
    """By what a file of crossings was decided. Only `observed_until` may differ within a folder."""

    rule: str
    observed_from: str
    missing: str
    boundary: str
    anchors: str
    lives: str
    observed_until: str

    @classmethod
    def of(
        cls,
        rule: ResidenceRule,
        observation: Observation,
        gaps: Gaps,
        anchors: Path | None,
        lives: Path | None,
        *,
        excludes_boundary: bool,
    ) -> Terms:
        """The settings as text that can be compared; anchors and lives by the checksum of their file."""
        return cls(
            rule_as_text(rule),
            observation.first.isoformat(),
            gaps.name.lower(),
            "no-migration" if excludes_boundary else "migration",
            _checksum(anchors),
            _checksum(lives),
            observation.last.isoformat(),
        )

    def written_into(self, schema: pa.Schema, after: Sequence[Path]) -> pa.Schema:
        """The schema of a result with these terms, and the names of the files that it comes after."""
        told = {"terms": asdict(self), "after": [file.name for file in after]}
        return schema.with_metadata({**(schema.metadata or {}), _KEY: json.dumps(told)})


def _checksum(file: Path | None) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file is not None and file.is_file() else ""


@dataclass(frozen=True)
class Earlier:
    """The results in a folder in their order, and the last day that they observed."""

    files: tuple[Path, ...]
    observed_until: datetime.date
    schema: pa.Schema

    @property
    def rows(self) -> int:
        """The crossings in all files, those that were replaced included."""
        return sum(pq.read_metadata(file).num_rows for file in self.files)


def earlier_results(folder: Path, target: Path, terms: Terms) -> Earlier:
    """The results in a folder, which `target` can go on from.

    Raises: ProjectError when the folder holds something else, the target would not come last in it, or the
    results were decided by other terms or up to a later day.
    """
    if not folder.is_dir():
        raise ProjectError(f"{folder} is no folder.", "Name the folder with the earlier results.")
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise ProjectError(
            f"There are no results in {folder}.", "Decide all crossings first, into a .parquet file there."
        )
    last = _told_in_order(files)
    is_last = target.suffix == ".parquet" and target.name > files[-1].name
    if target.resolve().parent != folder.resolve() or not is_last:
        raise ProjectError(
            f"{target} would not be the last result in {folder}.",
            f"Name a .parquet file there whose name comes after {files[-1].name}:"
            " a later file replaces the people of those before it.",
        )
    _require_same(terms, last, files[-1])
    return Earlier(tuple(files), datetime.date.fromisoformat(last.observed_until), pq.read_schema(files[-1]))


def _told_in_order(files: Sequence[Path]) -> Terms:
    """The terms of the last file, when each says that it was decided after those before it."""
    last: Terms
    for place, file in enumerate(files):
        try:
            told: dict[str, Any] = json.loads((pq.read_schema(file).metadata or {})[_KEY])
        except (pa.ArrowInvalid, KeyError) as error:
            raise ProjectError(f"{file} is no result of classify-movements.", _FOLDER) from error
        if told["after"] != [before.name for before in files[:place]]:
            after = ", ".join(told["after"]) or "no other file"
            raise ProjectError(f"{file} was decided after {after}, and the folder holds others.", _FOLDER)
        last = Terms(**told["terms"])
    return last


def rule_as_text(rule: ResidenceRule) -> str:
    """The rule as a result states it."""
    return f"{rule.present} within {rule.window} {rule.unit}"


def terms_of(file: Path) -> Terms | None:
    """By what a file was decided, if it is a Parquet file that says so."""
    if file.suffix != ".parquet":
        return None
    told = (pq.read_schema(file).metadata or {}).get(_KEY)
    return Terms(**json.loads(told)["terms"]) if told is not None else None


def _require_same(terms: Terms, earlier: Terms, file: Path) -> None:
    now, then = asdict(terms), asdict(earlier)
    for name in ("rule", "observed_from", "missing", "boundary", "anchors", "lives"):
        if now[name] != then[name]:
            said = (
                f"other {name}" if name in ("anchors", "lives") else f"{name.replace('_', ' ')} {then[name]}"
            )
            raise ProjectError(
                f"{file} was decided with {said}.", "Give the same again, or decide all crossings anew."
            )
    if terms.observed_until < earlier.observed_until:
        raise ProjectError(
            f"{file} was observed until {earlier.observed_until}, later than {terms.observed_until}.",
            "Give the last day of what was recorded by now.",
        )


def require_same_columns(source: Path, crossings: Relation, earlier: Earlier, results: Relation) -> None:
    """Refuse crossings whose columns are not those of the earlier results.

    Raises: DataRefused naming every column that is missing, new, or of another type.
    """
    given = crossings.types
    wanted = {name: kind for name, kind in results.types.items() if name not in CLASSIFIED.names}
    problems = [
        f"there is no column {shown(name)}, as in {earlier.files[-1].name}."
        for name in wanted
        if name not in given
    ]
    problems += [
        f"the column {shown(name)} is not in {earlier.files[-1].name}."
        for name in given
        if name not in wanted
    ]
    problems += [
        f"the column {shown(name)} holds {kind}, in {earlier.files[-1].name} {wanted[name]}."
        for name, kind in given.items()
        if wanted.get(name, kind) != kind
    ]
    if problems:
        remedy = "Write the columns as before, or decide all crossings anew."
        raise DataRefused([Problem(shown(source.name), None, problem, remedy) for problem in problems])


def histories(
    engine: Engine, crossings: Relation, earlier: Earlier, rule: ResidenceRule, observation: Observation
) -> tuple[Relation, int]:
    """All crossings of the people whom new crossings touch, earlier and new, and how many people they are.

    When more days have been observed than before, these are also the people with a crossing whose window was
    open. Crossings of nobody are decided with the file in which they come.
    """
    results = [engine.relation(file) for file in earlier.files]
    since = None
    if observation.last > earlier.observed_until:
        since = earlier.observed_until - datetime.timedelta(days=longest_window(rule))
    touched = engine.query(
        touched_statement(),
        {"crossings": crossings, "results": engine.relation(earlier.files)},
        {"open_since": since},
    )
    names = [f"result_{number}" for number in range(len(results))]
    statement = histories_statement(crossings.columns, names)
    inputs = {"crossings": crossings, "touched": touched, **dict(zip(names, results, strict=True))}
    return engine.query(statement, inputs), touched.count()
