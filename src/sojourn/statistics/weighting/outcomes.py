"""Outcomes of a survey's sample: who answered, who did not, who was not of the population after all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import require_columns

__all__ = ["INELIGIBLE", "NONRESPONDENT", "RESPONDENT", "UNDECIDED", "Outcomes"]

RESPONDENT, NONRESPONDENT, INELIGIBLE, UNDECIDED = range(4)
_MOST_TOLD = 5


@dataclass(frozen=True)
class Outcomes:
    """What the codes of a column mean for weights.

    `nonrespondents` are of the population and did not answer. `ineligible` are known not to be of it, as
    empty dwellings are. Of `undecided` it is not known whether they are. Every code is in one of the four.
    """

    column: str
    respondents: tuple[str, ...]
    nonrespondents: tuple[str, ...]
    ineligible: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        codes = [code for group in self._groups for code in group]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ProjectError(f"The outcome {shown(twice[0])} is declared twice.", "Give it one meaning.")
        if not self.respondents:
            raise ProjectError("No outcome means that somebody answered.", "Declare `respondents`.")

    @property
    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return self.respondents, self.nonrespondents, self.ineligible, self.undecided

    def of(self, records: pa.Table) -> npt.NDArray[np.int64]:
        """What became of each record: RESPONDENT, NONRESPONDENT, INELIGIBLE or UNDECIDED.

        Raises: ProjectError when there is no such column; DataRefused for codes that are not declared.
        """
        require_columns(records, [self.column])
        coded = records[self.column].cast(pa.string()).combine_chunks().dictionary_encode()
        codes = coded.dictionary.to_pylist()
        meanings = {code: meaning for meaning, group in enumerate(self._groups) for code in group}
        strange = sorted(set(codes) - set(meanings))
        empty = coded.null_count
        if strange or empty:
            listed = ", ".join(shown(code) for code in strange[:_MOST_TOLD])
            said = (
                f"has codes that are not declared: {listed}" if strange else f"is empty in {empty:,} records"
            )
            raise DataRefused(
                f"The column of outcomes {shown(self.column)} {said}.",
                "Declare of every outcome whether it is of respondents, nonrespondents, ineligible or"
                " undecided.",
            )
        places = pc.fill_null(coded.indices, 0).to_numpy()
        found: npt.NDArray[np.int64] = np.array([meanings[code] for code in codes], np.int64)[places]
        return found
