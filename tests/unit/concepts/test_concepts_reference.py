"""The reference pages that are kept with the project say what the data say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sojourn.concepts import code_lists
from sojourn.concepts.reference import main, pages

KEPT = Path(__file__).parents[3] / "docs" / "reference" / "concepts"
ADVICE = "run: python -m sojourn.concepts.reference docs/reference/concepts"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_kept_page_is_what_the_data_say(name: str):
    assert (KEPT / name).read_text(encoding="utf-8") == pages()[name], ADVICE


def test_no_page_is_kept_that_the_data_do_not_write():
    assert {file.name for file in KEPT.glob("*.md")} == set(pages()), ADVICE


def test_every_list_has_a_page():
    assert {f"{list_id}.md" for list_id in code_lists()} <= set(pages())


def test_a_page_shows_code_english_and_arabic():
    assert "| `F` | Female | أنثى |" in pages()["CL_SEX.md"]


def test_pages_are_written_into_a_folder_that_need_not_exist(tmp_path: Path):
    assert main([str(tmp_path / "new" / "folder")]) == 0
    assert {file.name for file in (tmp_path / "new" / "folder").iterdir()} == set(pages())


def test_without_a_folder_the_usage_is_told(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().err
