"""What words mean: code lists, areas, age groups and migration frameworks, as versioned data.

Every concept is a line of a data file with its source, its standing (adopted, national or proposed) and
the day from which it holds; nothing here decides by itself what a migrant is. Apart from its own data
files this room reads nothing.
"""

from sojourn.concepts.ages import (
    AgeGroup,
    AgeScheme,
    age_group,
    age_groups,
    age_scheme,
    age_scheme_of_codes,
    age_schemes,
)
from sojourn.concepts.areas import (
    Area,
    AreaKind,
    area,
    area_of_alpha_2,
    area_of_m49,
    areas,
    members_of,
    present_successors,
    region_table,
    regions_of,
    subregion_of,
)
from sojourn.concepts.code_lists import (
    NOT_APPLICABLE,
    OTHER,
    STATELESS,
    TOTAL,
    UNKNOWN,
    Code,
    CodeList,
    Standing,
    code_list,
    code_list_from_rows,
    code_lists,
)
from sojourn.concepts.frameworks import (
    Category,
    Framework,
    FrameworkRule,
    ResidenceRule,
    Unit,
    class_of_stay,
    framework,
    frameworks,
    national_framework,
)
from sojourn.concepts.languages import UN_LANGUAGES, territory_name
from sojourn.concepts.migrant_places import migrant_places
from sojourn.concepts.sdg_reference import SdgIndicator, SdgReference, extended_reference, sdg_reference
from sojourn.concepts.survey_variables import SurveyVariable, survey_variables

__all__ = [
    "NOT_APPLICABLE",
    "OTHER",
    "STATELESS",
    "TOTAL",
    "UNKNOWN",
    "UN_LANGUAGES",
    "AgeGroup",
    "AgeScheme",
    "Area",
    "AreaKind",
    "Category",
    "Code",
    "CodeList",
    "Framework",
    "FrameworkRule",
    "ResidenceRule",
    "SdgIndicator",
    "SdgReference",
    "Standing",
    "SurveyVariable",
    "Unit",
    "age_group",
    "age_groups",
    "age_scheme",
    "age_scheme_of_codes",
    "age_schemes",
    "area",
    "area_of_alpha_2",
    "area_of_m49",
    "areas",
    "class_of_stay",
    "code_list",
    "code_list_from_rows",
    "code_lists",
    "extended_reference",
    "framework",
    "frameworks",
    "members_of",
    "migrant_places",
    "national_framework",
    "present_successors",
    "region_table",
    "regions_of",
    "sdg_reference",
    "subregion_of",
    "survey_variables",
    "territory_name",
]
