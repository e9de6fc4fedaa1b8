"""Search: what a reader types, in any of the languages, against what the published tables are about.

Titles count most, then keywords and dimensions, then the names of codes, then descriptions. A word is
found as it stands, by its beginning, by a synonym, or by likeness of its letter groups when it is
misspelt. Chinese has no spaces, so its words are pairs of characters. The index is built once for a
manifest and lies in memory.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from sojourn.concepts.spelling import folded
from sojourn.dissemination.descriptions import TableDescription

__all__ = ["Found", "SearchIndex", "search_words"]

_TITLE, _KEYWORD, _NAME, _CODE, _TEXT = 10.0, 6.0, 5.0, 3.0, 1.0
_PREFIX, _SYNONYM, _LIKE = 0.7, 0.6, 0.5
_LIKENESS = 0.5
_LONGEST_QUERY = 200
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True)
class Found:
    """A table that a query found, how well, and the codes it named: dimension and code."""

    table: str
    score: float
    codes: tuple[tuple[str, str], ...]


def search_words(text: str) -> tuple[str, ...]:
    """The words of a text as the index keeps them."""
    found: list[str] = []
    for word in folded(_joined_letters(text)).split():
        runs = _HAN.findall(word)
        for run in runs:
            found += [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
        if not runs:
            found.append(_without_article(word))
    return tuple(found)


def _joined_letters(text: str) -> str:
    """Arabic letters that writers use for one another are made one."""
    plain = unicodedata.normalize("NFKC", text).replace("ـ", "")
    return plain.translate(str.maketrans("ىةؤئ", "يهوي"))


def _without_article(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) > 4 else word


class SearchIndex:
    """The words of all tables with where they stand."""

    def __init__(self, tables: Iterable[TableDescription]) -> None:
        self._weights: dict[str, dict[str, float]] = defaultdict(dict)
        self._codes: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
        self._order: list[str] = []
        for table in tables:
            self._add(table)
        self._groups: dict[str, set[str]] = defaultdict(set)
        for word in self._weights:
            for group in _letter_groups(word):
                self._groups[group].add(word)

    def find(self, query: str, limit: int = 50) -> tuple[Found, ...]:
        """The tables that fit a query, best first; every word of it must fit somewhere."""
        words = search_words(query[:_LONGEST_QUERY])
        if not words:
            return ()
        scores: dict[str, float] = {}
        codes: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for number, word in enumerate(words):
            for_word: dict[str, float] = {}
            for known, factor in self._matches(word):
                for table, weight in self._weights[known].items():
                    for_word[table] = max(for_word.get(table, 0.0), weight * factor)
                if factor >= _PREFIX:
                    for table, dimension, code in self._codes.get(known, ()):
                        codes[table].add((dimension, code))
            scores = (
                for_word if number == 0 else {t: scores[t] + s for t, s in for_word.items() if t in scores}
            )
        ranked = sorted(scores, key=lambda table: (-scores[table], self._order.index(table)))
        return tuple(Found(table, scores[table], tuple(sorted(codes[table]))[:3]) for table in ranked[:limit])

    def _matches(self, word: str) -> Sequence[tuple[str, float]]:
        found = {word: 1.0} if word in self._weights else {}
        for synonym in _synonyms().get(word, ()):
            if synonym in self._weights:
                found.setdefault(synonym, _SYNONYM)
        if len(word) >= 3:
            for known in self._alike(word):
                if known.startswith(word):
                    found.setdefault(known, _PREFIX)
                elif word not in self._weights:
                    found.setdefault(known, _LIKE)
        return tuple(found.items())

    def _alike(self, word: str) -> list[str]:
        """Known words that share at least half of their letter groups with a word, or begin with it."""
        groups = _letter_groups(word)
        shared: dict[str, int] = defaultdict(int)
        for group in groups:
            for known in self._groups.get(group, ()):
                shared[known] += 1
        alike = []
        for known, count in shared.items():
            likeness = 2 * count / (len(groups) + len(_letter_groups(known)))
            if likeness >= _LIKENESS or known.startswith(word):
                alike.append(known)
        return alike

    def _add(self, table: TableDescription) -> None:
        self._order.append(table.id)
        for text in (table.id, table.indicator or "", *table.title.values()):
            self._put(table.id, text, _TITLE)
        for keywords in table.keywords.values():
            for text in keywords:
                self._put(table.id, text, _KEYWORD)
        for dimension in table.dimensions:
            for text in (dimension.id, *dimension.name.values()):
                self._put(table.id, text, _NAME)
            for code in dimension.codes:
                if code.id != dimension.total:
                    for text in (code.id, *code.name.values()):
                        self._put(table.id, text, _CODE, (dimension.id, code.id))
        for texts in (table.description, table.definition, table.unit.name, table.population):
            for text in texts.values():
                self._put(table.id, text, _TEXT)

    def _put(self, table: str, text: str, weight: float, code: tuple[str, str] | None = None) -> None:
        for word in search_words(text):
            held = self._weights[word]
            held[table] = max(held.get(table, 0.0), weight)
            if code is not None and len(word) > 1:
                self._codes[word].add((table, *code))


@lru_cache(maxsize=100_000)
def _letter_groups(word: str) -> frozenset[str]:
    framed = f"^{word}$"
    return frozenset(framed[at : at + 3] for at in range(max(len(framed) - 2, 1)))


@cache
def _synonyms() -> Mapping[str, frozenset[str]]:
    """Each word with the words that mean about the same, in all languages."""
    groups = json.loads((Path(__file__).parent / "synonyms.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = defaultdict(set)
    for group in groups:
        singles = {words[0] for text in group if len(words := search_words(text)) == 1}
        for word in singles:
            found[word] |= singles
    return {word: frozenset(others - {word}) for word, others in found.items()}
