"""The dimensions by which a table can break an indicator down.

A contract's code columns are dimensions as they stand; a few more are derived from its columns. How a
derived one is computed is the business of `statistics`; here is what each needs and what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sojourn.contracts.table import Table

__all__ = ["DERIVED", "Dimension", "dimensions_of"]


@dataclass(frozen=True)
class Dimension:
    """One dimension: its code list, its role on charts and maps, its name, and the columns it needs.

    `needs` lists alternatives; one of them must be wholly present.
    """

    name: str
    codes: str | None
    role: str
    title: Mapping[str, str]
    needs: tuple[tuple[str, ...], ...] = ()


# Age itself, or the year of birth with a day on which to take the age.
_AGE_NEEDS = (
    ("age",),
    ("birth_year", "reference_date"),
    ("birth_year", "event_date"),
    ("birth_year", "valid_from"),
)

DERIVED: Mapping[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            "age_group",
            "CL_AGE",
            "age",
            {"en": "Age group", "ar": "الفئة العمرية"},
            _AGE_NEEDS,
        ),
        Dimension(
            "age_broad",
            "CL_AGE",
            "age",
            {"en": "Broad age group", "ar": "الفئة العمرية العريضة"},
            _AGE_NEEDS,
        ),
        Dimension(
            "nativity",
            "CL_NATIVITY",
            "other",
            {"en": "Born here or abroad", "ar": "المولد داخل البلد أو خارجه"},
            (("birthplace",), ("nativity",)),
        ),
        Dimension(
            "citizen",
            "CL_CITIZEN",
            "other",
            {"en": "Citizenship status", "ar": "وضع الجنسية"},
            (("citizenship",), ("citizen",)),
        ),
        Dimension(
            "birthplace_region",
            "CL_AREA_GROUP",
            "area",
            {"en": "Region of birth", "ar": "إقليم المولد"},
            (("birthplace",),),
        ),
        Dimension(
            "citizenship_region",
            "CL_AREA_GROUP",
            "area",
            {"en": "Region of citizenship", "ar": "إقليم الجنسية"},
            (("citizenship",),),
        ),
        Dimension(
            "second_generation",
            "CL_SECOND_GENERATION",
            "other",
            {"en": "Parents born abroad", "ar": "مولد الوالدين في الخارج"},
            (("birthplace", "birthplace_mother", "birthplace_father"),),
        ),
        Dimension(
            "permit_reason",
            "CL_PERMIT_REASON",
            "other",
            {"en": "Reason for the permit", "ar": "سبب التصريح"},
            (("reason", "valid_from", "valid_to"),),
        ),
        Dimension(
            "previous_permit_reason",
            "CL_PERMIT_REASON",
            "other",
            {"en": "Reason for the permit before", "ar": "سبب التصريح السابق"},
            (("previous_reason",),),
        ),
        Dimension(
            "permit_duration",
            "CL_PERMIT_DURATION",
            "other",
            {"en": "Validity of the permit", "ar": "مدة صلاحية التصريح"},
            (("valid_from", "valid_to"),),
        ),
    )
}

_TITLES: Mapping[str, Mapping[str, str]] = {
    "sex": {"en": "Sex", "ar": "الجنس"},
    "age": {"en": "Age", "ar": "العمر"},
    "birthplace": {"en": "Country of birth", "ar": "بلد المولد"},
    "citizenship": {"en": "Citizenship", "ar": "الجنسية"},
    "birthplace_mother": {"en": "Mother's country of birth", "ar": "بلد مولد الأم"},
    "birthplace_father": {"en": "Father's country of birth", "ar": "بلد مولد الأب"},
    "region": {"en": "Region", "ar": "المنطقة"},
    "second_citizenship": {"en": "Further citizenship", "ar": "جنسية أخرى"},
    "citizenship_acquired": {"en": "How citizenship was obtained", "ar": "كيفية الحصول على الجنسية"},
    "former_citizenship": {"en": "Former citizenship", "ar": "الجنسية السابقة"},
    "ever_abroad": {"en": "Ever lived abroad", "ar": "سبق العيش في الخارج"},
    "arrival_period": {"en": "Period of arrival", "ar": "فترة القدوم"},
    "country_1_year_ago": {"en": "Country one year before", "ar": "البلد قبل سنة"},
    "region_1_year_ago": {"en": "Region one year before", "ar": "المنطقة قبل سنة"},
    "country_5_years_ago": {"en": "Country five years before", "ar": "البلد قبل خمس سنوات"},
    "region_5_years_ago": {"en": "Region five years before", "ar": "المنطقة قبل خمس سنوات"},
    "destination": {"en": "Country of destination", "ar": "بلد المقصد"},
    "has_emigrants": {"en": "Household with emigrants", "ar": "أسرة لها مهاجرون في الخارج"},
    "receives_remittances": {"en": "Household receives remittances", "ar": "أسرة تتلقى تحويلات"},
    "sends_remittances": {"en": "Sends remittances", "ar": "يرسل تحويلات"},
    "direction": {"en": "Direction", "ar": "الاتجاه"},
    "border_point": {"en": "Border point", "ar": "المنفذ الحدودي"},
    "reason": {"en": "Reason", "ar": "السبب"},
    "visa": {"en": "Visa", "ar": "التأشيرة"},
    "previous_residence": {"en": "Country of previous residence", "ar": "بلد الإقامة السابق"},
    "next_residence": {"en": "Country of next residence", "ar": "بلد الإقامة التالي"},
    "purpose": {"en": "Purpose", "ar": "الغرض"},
    "duration_band": {"en": "Length of stay", "ar": "مدة الإقامة"},
    "class_1998": {"en": "Class of 1998", "ar": "الصنف وفق توصيات 1998"},
    "class_2021_06": {"en": "Class of 2021, six months", "ar": "الصنف وفق إطار 2021 بستة أشهر"},
    "class_2021_12": {"en": "Class of 2021, twelve months", "ar": "الصنف وفق إطار 2021 باثني عشر شهرا"},
    "class_national": {"en": "Class under the national rule", "ar": "الصنف وفق القاعدة الوطنية"},
    "residence_1998": {"en": "Residence, 1998", "ar": "الإقامة وفق توصيات 1998"},
    "residence_2021_06": {"en": "Residence, 2021, six months", "ar": "الإقامة وفق إطار 2021 بستة أشهر"},
    "residence_2021_12": {
        "en": "Residence, 2021, twelve months",
        "ar": "الإقامة وفق إطار 2021 باثني عشر شهرا",
    },
    "residence_national": {"en": "Residence under the national rule", "ar": "الإقامة وفق القاعدة الوطنية"},
    "presence": {"en": "Side of the border", "ar": "جهة الحدود"},
    "previously_resident": {"en": "Lived here before", "ar": "سبق أن أقام هنا"},
    "return_migrant": {"en": "Return migrant", "ar": "مهاجر عائد"},
    "repeat_migrant": {"en": "Repeat migrant", "ar": "مهاجر متكرر"},
    "onward_migrant": {"en": "Onward migrant", "ar": "مهاجر إلى بلد آخر"},
    "circular_migrant": {"en": "Circular migrant", "ar": "مهاجر دائري"},
    "duration_of_stay": {"en": "Duration of stay", "ar": "مدة الإقامة"},
    "refugee_category": {"en": "Refugees and related groups", "ar": "اللاجئون والفئات ذات الصلة"},
    "residence": {"en": "Residence", "ar": "الإقامة"},
    "migrant_worker": {"en": "International migrant worker", "ar": "عامل مهاجر دولي"},
    "for_work_migrant": {"en": "Came for work", "ar": "قدم للعمل"},
    "return_migrant_worker": {"en": "Return migrant worker", "ar": "عامل مهاجر عائد"},
    "kind": {"en": "Kind of status", "ar": "نوع الوضع"},
    "category": {"en": "Category", "ar": "الصنف"},
    "activity": {"en": "Activity status", "ar": "النشاط"},
    "education": {"en": "Education", "ar": "التعليم"},
    "occasion": {"en": "Occasion of the permit", "ar": "مناسبة إصدار التصريح"},
    "previous_reason": {"en": "Reason for the status before", "ar": "سبب الوضع السابق"},
    "outcome": {"en": "What became of the visa or permit", "ar": "مآل التأشيرة أو التصريح"},
    "side_at_end": {"en": "Side of the border at the end", "ar": "جانب الحدود عند الانتهاء"},
    "after_validity": {"en": "After the validity", "ar": "بعد انتهاء الصلاحية"},
    "series": {"en": "Data set", "ar": "مجموعة البيانات"},
    "revision": {"en": "Revision", "ar": "المراجعة"},
    "measure": {"en": "Measure", "ar": "المقياس"},
    "reference_area": {"en": "Reference area", "ar": "المنطقة المرجعية"},
    "counterpart_area": {"en": "Counterpart area", "ar": "المنطقة المقابلة"},
    "publisher_area": {"en": "Area as published", "ar": "المنطقة كما نشرت"},
    "status": {"en": "Status", "ar": "الحالة"},
    "flag": {"en": "Publisher's flag", "ar": "علامة الناشر"},
}
_ROLES = {"CL_AREA": "area", "CL_AREA_GROUP": "area", "CL_SEX": "sex", "CL_AGE": "age"}


def dimensions_of(contract: type[Table]) -> dict[str, Dimension]:
    """The dimensions of a contract by name: its own code columns first, then the derived ones."""
    own = {
        name: Dimension(name, column.codes, _ROLES.get(column.codes or "", "other"), _TITLES[name])
        for name, column in contract.columns.items()
        if name in _TITLES and column.python_type is str
    }
    derived = {
        name: dimension
        for name, dimension in DERIVED.items()
        if any(all(needed in contract.columns for needed in group) for group in dimension.needs)
    }
    return {**own, **derived}
