"""Scores of a linkage of two sources of the generated country count persons as a reader would by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "ruritania_scores.py"
FLAWS = (
    "birth_date_null",
    "born_first_january",
    "day_and_month_unknown",
    "document_null",
    "document_changed",
)
SOURCES = ("border", "register")


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ruritania_scores_of_benchmarks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


SCORES = _loaded()


def truth(folder: Path, *records: tuple[str, int, str], origins: dict[int, str] | None = None) -> Path:
    """The truth of records: identifier, person and flaws. B is for the border, R for the register."""
    rows = [
        {
            "source": "border" if identifier[0] == "B" else "register",
            "record_id": identifier,
            "person": person,
            **{flaw: flaw in flaws.split() for flaw in FLAWS},
        }
        for identifier, person, flaws in records
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "records.parquet")
    persons = sorted({person for _, person, _ in records})
    known = [(origins or {}).get(person, "SY") for person in persons]
    pq.write_table(pa.table({"person": persons, "origin": known}), folder / "persons.parquet")
    return folder


def links(*pairs: tuple[str, str]) -> pa.Table:
    """Links between records."""
    return pa.table(
        {
            "id_l": pa.array([left for left, _ in pairs], pa.string()),
            "id_r": pa.array([right for _, right in pairs], pa.string()),
        }
    )


def counts(count: object) -> tuple[int, int, int]:
    return count.made, count.correct, count.truths  # type: ignore[attr-defined]  # loaded by path


def test_recall_is_over_persons_in_both_sources_and_precision_over_links(tmp_path):
    # Persons 1, 2 and 3 are in both sources, 4 only at the border. Linked are 1 rightly and 2 with 3.
    known = truth(
        tmp_path,
        ("B1", 1, ""), ("B2", 2, ""), ("B3", 3, ""), ("B4", 4, ""),
        ("R1", 1, ""), ("R2", 2, ""), ("R3", 3, ""),
    )  # fmt: skip
    found = SCORES.scored_persons(links(("B1", "R1"), ("B2", "R3")), known, SOURCES).all
    # P 1/2, R 1/3, F1 2·1/(2 + 3).
    assert (found.precision, found.recall, found.f1) == (1 / 2, 1 / 3, 2 / 5)


def test_a_person_who_stands_twice_in_a_source_counts_once(tmp_path):
    # Person 1 stands twice in both: two right links are one found person, of one. Person 2 stands twice at
    # the border and both records are linked to person 1's: one mistake. Made: 1 + 1.
    known = truth(
        tmp_path,
        ("B1", 1, ""), ("B1b", 1, ""), ("B2", 2, ""), ("B2b", 2, ""), ("R1", 1, ""), ("R1b", 1, ""),
    )  # fmt: skip
    made = links(("B1", "R1"), ("B1b", "R1b"), ("B2", "R1"), ("B2b", "R1b"))
    assert counts(SCORES.scored_persons(made, known, SOURCES).all) == (2, 1, 1)


@pytest.mark.parametrize("birth", ["birth_date_null", "born_first_january", "day_and_month_unknown"])
@pytest.mark.parametrize("document", ["document_null", "document_changed"])
def test_records_without_birth_date_and_document_are_counted_apart(tmp_path, birth, document):
    # Hard are 2 and 3, of whom 2 is linked. 4 lacks only the date, 5 only the document: neither is hard.
    known = truth(
        tmp_path,
        ("B1", 1, ""), ("B2", 2, ""), ("B3", 3, ""), ("B4", 4, ""), ("B5", 5, ""),
        ("R1", 1, ""), ("R2", 2, f"{birth} {document}"), ("R3", 3, f"{birth} {document}"), ("R4", 4, birth),
        ("R5", 5, document),
    )  # fmt: skip
    found = SCORES.scored_persons(links(("B1", "R1"), ("B2", "R2"), ("B4", "R4")), known, SOURCES)
    assert counts(found.all) == (3, 3, 5)
    assert counts(found.apart) == (1, 1, 2)
    assert counts(found.without_apart) == (2, 2, 3)


def test_a_document_that_the_border_has_not_seen_is_of_no_use_either(tmp_path):
    known = truth(tmp_path, ("B1", 1, "document_null"), ("R1", 1, "birth_date_null"))
    assert counts(SCORES.scored_persons(links(), known, SOURCES).apart) == (0, 0, 1)


def test_a_false_link_is_apart_when_its_own_records_are_hard(tmp_path):
    # B1 and R2 are two persons, and R2 has neither date nor document. B2 and R1 are two persons with both.
    known = truth(
        tmp_path,
        ("B1", 1, ""), ("B2", 2, ""), ("R1", 1, ""), ("R2", 2, "birth_date_null document_null"),
    )  # fmt: skip
    found = SCORES.scored_persons(links(("B1", "R2"), ("B2", "R1")), known, SOURCES)
    assert counts(found.apart) == (1, 0, 1)
    assert counts(found.without_apart) == (1, 0, 1)


def test_a_person_with_one_easy_record_is_not_hard(tmp_path):
    known = truth(tmp_path, ("B1", 1, ""), ("R1", 1, "birth_date_null document_null"), ("R1b", 1, ""))
    assert counts(SCORES.scored_persons(links(), known, SOURCES).apart) == (0, 0, 0)


def test_origins_come_worst_first_and_small_ones_apart(tmp_path):
    # Of 500 Syrians 400 are linked, of 500 Ukrainians 450, of one Fijian none.
    people = {person: "SY" if person < 500 else "UA" if person < 1000 else "FJ" for person in range(1001)}
    known = truth(
        tmp_path,
        *((f"B{person}", person, "") for person in people),
        *((f"R{person}", person, "") for person in people),
        origins=people,
    )
    linked = [*range(400), *range(500, 950)]
    made = links(*((f"B{person}", f"R{person}") for person in linked))
    found = SCORES.scored_persons(made, known, SOURCES)
    assert [(each.origin, each.recall) for each in found.origins] == [("SY", 400 / 500), ("UA", 450 / 500)]
    assert [(each.origin, each.persons, each.found) for each in found.small_origins] == [("FJ", 1, 0)]


def test_nothing_linked_has_no_precision(tmp_path):
    found = SCORES.scored_persons(links(), truth(tmp_path, ("B1", 1, ""), ("R1", 1, "")), SOURCES).all
    assert (found.precision, found.recall, found.f1) == (None, 0.0, 0.0)


def test_a_link_to_a_record_of_another_source_is_refused(tmp_path):
    known = truth(tmp_path, ("B1", 1, ""), ("R1", 1, ""))
    with pytest.raises(ValueError, match="of no source"):
        SCORES.scored_persons(links(("R1", "B1")), known, SOURCES)
