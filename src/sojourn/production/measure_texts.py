"""Measures as people write them: `mean(income)`, `proportion(activity = 'UNE')`, `quantile(wage, 0.25)`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sojourn.errors import ProjectError
from sojourn.sources.mapping import expanded
from sojourn.statistics.survey import Measure

__all__ = ["WrittenMeasure", "listed_names", "written_measure"]

_FORMS = (
    "count, share, share(DIMENSION, …), total(X), mean(X), ratio(X / Y), proportion(CONDITION), median(X),"
    " quantile(X, 0.25), gini(X), quintile_share_ratio(X), poverty_rate(X, 0.6 of median) or"
    " poverty_gap(X, 12000)"
)
_CALL = re.compile(r"\s*([a-z_]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
# A name of letters, digits and underscores, or any in double quotes, which are doubled within it.
_PLAIN = r"[^\W\d]\w*"
_COLUMN = rf'(?:{_PLAIN}|"(?:[^"]|"")+")'
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


@dataclass(frozen=True)
class WrittenMeasure:
    """A measure as it was written, the condition it holds, and its versions where it has plausible values."""

    text: str
    measure: Measure
    condition: str | None = None
    versions: tuple[str, ...] = ()

    def of_versions(self) -> tuple[Measure, ...]:
        """The measure of each plausible value; the measure itself where there are none."""
        if not self.versions:
            return (self.measure,)
        return tuple(replace(self.measure, of=version) for version in self.versions)


def written_measure(text: str, *, where: str | None = None, columns: Sequence[str] = ()) -> WrittenMeasure:
    """Read a measure. `where` is the name of the condition of the universe; a run of columns such as PV1-PV5
    stands for plausible values of one quantity. The names of `columns` need no quotes where a measure is of
    them; in a condition they do.

    Raises: ProjectError for what is not understood, with the forms there are.
    """
    found = _CALL.fullmatch(text)
    if found is None:
        raise _unknown(text)
    name, inside = found[1], (found[2] or "").strip()
    if name in ("count", "share"):
        within = listed_names(inside)
        if name == "count" and within:
            raise _unknown(text)
        return WrittenMeasure(text, Measure(name, within=within, where=where))  # type: ignore[arg-type]  # one of two
    if name == "proportion":
        if not inside:
            raise _unknown(text)
        condition = f"holds_{_digest(inside)}"
        return WrittenMeasure(text, Measure("proportion", when=condition, where=where), inside)
    return _of_a_column(text, name, inside, where, columns)


def _of_a_column(
    text: str, name: str, inside: str, where: str | None, columns: Sequence[str]
) -> WrittenMeasure:
    column = "|".join([_COLUMN, *(re.escape(each) for each in columns if not re.fullmatch(_PLAIN, each))])
    run = rf"({_PLAIN}-{_PLAIN}|{column})"
    if name in ("total", "mean", "gini", "quintile_share_ratio", "median") and (
        found := re.fullmatch(run, inside)
    ):
        if name == "median":
            return _versions(text, found[1], Measure("quantile", of=found[1], at=0.5, where=where))
        return _versions(text, found[1], Measure(name, of=found[1], where=where))  # type: ignore[arg-type]  # as listed
    if name == "ratio" and (found := re.fullmatch(rf"({column})\s*/\s*({column})", inside)):
        return WrittenMeasure(text, Measure("ratio", of=_name(found[1]), over=_name(found[2]), where=where))
    if name == "quantile" and (found := re.fullmatch(rf"{run}\s*,\s*({_NUMBER})", inside)):
        return _versions(text, found[1], Measure("quantile", of=found[1], at=float(found[2]), where=where))
    line = rf"{run}\s*,\s*({_NUMBER})(\s+of\s+median)?"
    if name in ("poverty_rate", "poverty_gap") and (found := re.fullmatch(line, inside)):
        amount = float(found[2])
        lines = {"line_share": amount} if found[3] else {"line": amount}
        return _versions(text, found[1], Measure(name, of=found[1], where=where, **lines))  # type: ignore[arg-type]  # as listed
    raise _unknown(text)


def _versions(text: str, run: str, measure: Measure) -> WrittenMeasure:
    if run.startswith('"') or re.fullmatch(rf"{_PLAIN}(-{_PLAIN})?", run) is None:
        return WrittenMeasure(text, replace(measure, of=_name(run)))
    names: Sequence[str] = expanded([run])
    if "-" in run and len(names) < 2:
        raise _unknown(text)
    if len(names) == 1:
        return WrittenMeasure(text, measure)
    return WrittenMeasure(text, replace(measure, of=names[0]), versions=tuple(names))


def _name(written: str) -> str:
    """The name of a column, without the quotes around it."""
    return written[1:-1].replace('""', '"') if written.startswith('"') else written


def listed_names(text: str) -> tuple[str, ...]:
    """The names in a list with commas between them; a name that holds a comma stands in double quotes.

    Raises: ProjectError for a quote that is never closed.
    """
    found, rest = [], text.strip()
    while rest:
        part = re.match(r'\s*("(?:[^"]|"")*"|[^",]*)\s*(?:,|$)', rest)
        if part is None:
            raise ProjectError(
                f"The list {text!r} is not understood.",
                'Write names with commas between them, as in sex,"age, in years".',
            )
        found.append(_name(part[1].strip()))
        rest = rest[part.end() :]
    return tuple(filter(None, found))


def _digest(text: str) -> str:
    """A name for a condition that the same text always gets."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unknown(text: str) -> ProjectError:
    return ProjectError(
        f"The measure {text!r} is not understood.",
        f"Write {_FORMS}. A column whose name holds blanks or signs stands in double quotes:"
        ' mean("income after tax").',
    )
