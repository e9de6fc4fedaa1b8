"""A dialect that cannot be obeyed is refused before a file is opened under it."""

import json

import pytest

from sojourn.sources.reader.dialect import Dialect, FixedColumn, Limits
from sojourn.sources.reader.reasons import NON_DATA, QUARANTINE, REFUSALS, WARNINGS


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"format": "ods"}, "is not among them"),
        ({"encoding": "utf-99"}, "no encoding named"),
        ({"encoding": "rot13"}, "not an encoding"),
        ({"encoding": "unicode_escape"}, "not an encoding"),
        ({"separator": ""}, "between 1 and 16"),
        ({"separator": "a\nb"}, "line end"),
        ({"separator": '"'}, "cannot be part of"),
        ({"quote": "«"}, "one ASCII character"),
        ({"quote": "''"}, "one ASCII character"),
        ({"escape": "tripled"}, "'doubled' or follow a 'backslash'"),
        ({"separator": "\\", "escape": "backslash"}, "backslash cannot be"),
        ({"header_line": -1}, "counts from 1"),
        ({"header_line": 0}, "needs its columns"),
        ({"header_line": 0, "columns": ("a", "a")}, "same name"),
        ({"format": "fixed_width"}, "needs its columns"),
        ({"format": "fixed_width", "columns": ("a",)}, "as positions"),
        ({"columns": (FixedColumn("a", 1, 2),)}, "as names"),
        (
            {"format": "fixed_width", "columns": (FixedColumn("a", 1, 3), FixedColumn("b", 3, 4))},
            "share position 3",
        ),
        ({"non_data": ("(",)}, "cannot be read"),
        ({"field_limit": 0}, "longest field"),
        ({"column_limit": 20_000}, "column limit"),
    ],
)
def test_nonsense_is_refused_with_what_would_be_right(settings, words):
    with pytest.raises(ValueError, match=words):
        Dialect(**settings)


def test_a_fixed_column_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="positions count from 1"):
        FixedColumn("a", 3, 2)


def test_encodings_are_known_by_all_their_names():
    assert Dialect(encoding="windows-1251").encoding == Dialect(encoding="CP1251").encoding == "cp1251"


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(),
        Dialect(separator="||", quote=None, non_data=("Total.*",), header_line=3),
        Dialect(format="fixed_width", columns=(FixedColumn("a", 1, 2),), header_line=0),
        Dialect(header_line=0, columns=("a", "b")),
        Dialect(format="excel", sheet="Data"),
    ],
)
def test_a_dialect_survives_the_way_through_json(dialect):
    assert Dialect.from_json(json.loads(json.dumps(dialect.to_json()))) == dialect


def test_a_reading_cannot_be_given_less_memory_than_it_needs():
    with pytest.raises(ValueError, match="512 MiB"):
        Limits(memory_bytes=1 << 20)


def test_time_grows_with_the_file():
    # 60 seconds and one for each MiB.
    assert Limits().seconds_for(100 << 20) == 160
    assert Limits(cpu_seconds=5).seconds_for(1 << 40) == 5


@pytest.mark.parametrize("table", [QUARANTINE, REFUSALS, NON_DATA, WARNINGS])
def test_every_code_has_a_sentence_and_stands_under_its_own_name(table):
    for code, reason in table.items():
        assert code == reason.code
        assert reason.title.endswith(".")
        assert not any(word in reason.title.lower() for word in ("invalid", "please", "oops"))


def test_every_reason_for_quarantine_says_what_to_do():
    assert all(reason.remedy for reason in QUARANTINE.values())
