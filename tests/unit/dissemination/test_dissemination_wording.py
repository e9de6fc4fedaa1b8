"""Words: a file more is a language more, and nothing is left untranslated."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

import sojourn.dissemination as room
from sojourn.dissemination.wording import TRANSLATIONS, languages, wording

TEXTS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in TRANSLATIONS.glob("*.json")}
SOURCES = [*Path(room.__file__).parents[1].glob("portal/**/*"), *Path(room.__file__).parent.glob("*.py")]


def test_english_and_arabic_are_there():
    assert languages()[0] == "en"
    assert "ar" in languages()


@pytest.mark.parametrize("language", [it for it in languages() if it != "en"])
def test_a_language_has_every_text_that_english_has(language: str):
    assert {key for key in TEXTS["en"] if key not in TEXTS[language]} == set()


@pytest.mark.parametrize("language", languages())
def test_a_text_has_the_same_places_in_every_language(language: str):
    for key, text in TEXTS["en"].items():
        if not re.search(r"\.(zero|one|two|few|many|other)$", key):
            assert set(re.findall(r"{\w+}", TEXTS[language][key])) == set(re.findall(r"{\w+}", text)), key


@pytest.mark.parametrize("language", languages())
def test_every_plural_has_each_form_that_the_language_needs_or_falls_back_on_other(language: str):
    words = wording(language)
    for key in {key.removesuffix(".other") for key in TEXTS["en"] if key.endswith(".other")}:
        for count in (0, 1, 2, 3, 11, 100, 1000):
            assert words.plural(key, count)


def test_every_key_that_the_code_names_is_a_text():
    named = set()
    for file in SOURCES:
        if file.suffix in (".py", ".html"):
            text = file.read_text(encoding="utf-8")
            named |= set(re.findall(r"""words\(\s*["']([a-z_.0-9]+)["']\s*[,)]""", text))
            named |= set(re.findall(r"""PageProblem\(\s*\d+,\s*["']([a-z_.0-9]+)["']""", text))
    assert len(named) > 100
    assert {key for key in named if key not in TEXTS["en"] and not key.endswith(".")} == set()


def test_a_file_more_is_a_language_more_and_what_it_lacks_is_english(tmp_path: Path):
    (tmp_path / "en.json").write_text((TRANSLATIONS / "en.json").read_text())
    (tmp_path / "fr.json").write_text(json.dumps({"nav.data": "Données"}))
    assert languages(tmp_path) == ("en", "fr")
    words = wording("fr", tmp_path)
    assert (words("nav.data"), words("nav.releases")) == ("Données", "Releases")
    assert words.number(1234567.8, 1) == "1\u202f234\u202f567,8"


def test_a_language_that_there_is_no_file_for_is_english():
    assert wording("tlh").language == "en"


def test_numbers_and_days_follow_the_language():
    assert wording("en").number(-1234.5, 1) == "-1,234.5"
    assert wording("en").day(date(2025, 6, 15)) == "June 15, 2025"
    assert wording("ar").number(1234) == "1,234"
    assert wording("ar").day(date(2025, 6, 15)) == "15 يونيو 2025"
    assert (wording("ar").direction, wording("en").direction) == ("rtl", "ltr")
