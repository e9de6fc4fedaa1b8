"""Search: six languages, synonyms, beginnings and slips of the finger."""

from __future__ import annotations

import time

import pytest

from portal_publication import inflow, survey
from sojourn.concepts import code_list
from sojourn.dissemination.publication import CodeDescription, Dimension
from sojourn.dissemination.search import SearchIndex, search_words


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    """The two test tables, citizenship with every area of the world in six languages."""
    description = inflow("1").description
    areas = tuple(
        CodeDescription(id=code.code, name={it: code.name(it) for it in ("en", "ar", "zh", "fr", "ru", "es")})
        for code in code_list("CL_AREA")
    )
    whole = Dimension(id="CITIZENSHIP", name={"en": "Citizenship", "ar": "الجنسية"}, role="area", codes=areas)
    world = description.model_copy(update={"dimensions": (whole, description.dimensions[1])})
    return SearchIndex([survey("1").description, world])


@pytest.mark.parametrize(
    "query",
    [
        "immigrants", "IMMIGRANTS", "migration", "migrant", "immigrnts", "imigrants", "nationality",
        "Syria", "syrian", "SYR", "Norway", "norwey", "Türkiye", "turkiye", "سوريا", "النرويج", "نرويج",
        "المهاجرون", "مهاجر", "جنسية", "الجنسيه", "挪威", "叙利亚", "移民", "Норвегия", "норвегия", "Noruega",
        "Norvège", "norvege", "inflow", "arrivals", "immigrants Norway", "foreigners",
    ],
)  # fmt: skip
def test_a_query_finds_the_table_of_immigrants_first(index: SearchIndex, query: str):
    assert [found.table for found in index.find(query)][:1] == ["INFLOW"]


@pytest.mark.parametrize("query", ["born abroad", "share", "region", "strelsau", "Strelsu", "الإقليم"])
def test_a_query_finds_the_table_of_shares_first(index: SearchIndex, query: str):
    assert [found.table for found in index.find(query)][:1] == ["FB_SHARE"]


@pytest.mark.parametrize("query", ["", "   ", "zzzzqqq", "cheese", "%%%", "\0", "奶酪"])
def test_a_query_for_what_is_not_there_finds_nothing(index: SearchIndex, query: str):
    assert index.find(query) == ()


def test_every_word_of_a_query_must_fit(index: SearchIndex):
    assert index.find("immigrants cheese") == ()


def test_a_found_code_leads_directly_to_its_selection(index: SearchIndex):
    assert ("CITIZENSHIP", "NOR") in index.find("Norway")[0].codes


def test_a_very_long_query_is_answered_and_quickly(index: SearchIndex):
    started = time.perf_counter()
    index.find("immigrants " * 5000)
    assert time.perf_counter() - started < 0.2


def test_chinese_is_kept_as_pairs_of_characters():
    assert search_words("阿拉伯叙利亚") == ("阿拉", "拉伯", "伯叙", "叙利", "利亚")


def test_arabic_letters_that_writers_exchange_are_one():
    assert search_words("الجنسية") == search_words("الجنسيه")
    assert search_words("أوكرانيا") == search_words("اوكرانيا")
