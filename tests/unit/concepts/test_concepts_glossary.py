"""The glossary gives each word one meaning, and covers the words that the contracts are named by."""

from __future__ import annotations

import re
from pathlib import Path

from sojourn.contracts.aggregates import Estimate, Observation
from sojourn.contracts.microdata import Movement, Status

GLOSSARY = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = [
    term.strip()
    for heading in re.findall(r"^\*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)
    for term in heading.split(",")
]


def test_every_word_has_one_meaning():
    assert sorted({term for term in TERMS if TERMS.count(term) > 1}) == []


def test_every_word_is_followed_by_its_meaning():
    without = re.findall(r"^\*\*(.+?)\*\*.*\n(?!:   \S)", GLOSSARY, re.MULTILINE)
    assert without == []
    assert len(TERMS) > 60


def test_the_words_that_contracts_are_named_by_are_explained():
    named = {contract.__name__.lower() for contract in (Movement, Status, Estimate, Observation)}
    assert named <= set(TERMS)
