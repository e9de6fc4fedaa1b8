"""Twelve short biographies: what each stay is under each framework.

The thresholds in days: 90 for three months, 183 for six months and a day, 365 for twelve months.
"""

from __future__ import annotations

import pytest

from sojourn.concepts import class_of_stay, framework

BIOGRAPHIES = """
who                     | days | purpose | 1998 | 2021-06 | 2021-12 | national
a day trip              |    0 | VIS     | VIS  | TMP     | TMP     | TMP
two weeks at the sea    |   14 | HOL     | VIS  | TMP     | TMP     | TMP
a pilgrimage            |   45 | PIL     | VIS  | TMP     | TMP     | TMP
a day short of 3 months |   89 | _O      | VIS  | TMP     | TMP     | TMP
three months of harvest |   90 | _O      | ST   | TMP     | TMP     | TMP
a five-month course     |  152 | _O      | ST   | TMP     | TMP     | TMP
a five-month recovery   |  152 | MED     | VIS  | TMP     | TMP     | TMP
six months less a day   |  182 | _O      | ST   | TMP     | TMP     | TMP
six months and a day    |  183 | _O      | ST   | RES     | TMP     | TMP
eight months of work    |  243 | _O      | ST   | RES     | TMP     | TMP
a day short of a year   |  364 | _O      | ST   | RES     | TMP     | TMP
a year and still here   |  365 | _O      | LT   | RES     | RES     | RES
"""

_HEADS, *_LINES = [[cell.strip() for cell in line.split("|")] for line in BIOGRAPHIES.strip().splitlines()]
CASES = [dict(zip(_HEADS, line, strict=True)) for line in _LINES]


@pytest.mark.parametrize("under", ["1998", "2021-06", "2021-12", "national"])
@pytest.mark.parametrize("life", CASES, ids=[life["who"] for life in CASES])
def test_a_stay_has_its_class_under_each_framework(life: dict[str, str], under: str):
    found = class_of_stay(int(life["days"]), framework(under), purpose=life["purpose"])
    assert found == life[under]


def test_an_eight_month_stay_is_a_change_of_residence_only_by_the_six_month_rule():
    classes = [class_of_stay(243, framework(name)) for name in ("1998", "2021-06", "2021-12")]
    assert classes == ["ST", "RES", "TMP"]


def test_an_excluded_purpose_of_a_year_or_more_still_changes_residence_under_1998():
    assert class_of_stay(400, framework("1998"), purpose="MED") == "LT"


def test_a_purpose_that_is_not_known_counts_as_not_excluded():
    assert class_of_stay(152, framework("1998"), purpose="_U") == "ST"
    assert class_of_stay(152, framework("1998"), purpose=None) == "ST"
