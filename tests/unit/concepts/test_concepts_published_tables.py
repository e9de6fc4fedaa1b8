"""Our areas beside tables that were not written here: pycountry's and those of two published data sets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pycountry
import pytest

from sojourn.concepts import AreaKind, area, areas, code_list, regions_of

pytestmark = pytest.mark.oracle

SHARED = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))

# Codes that others have made up for what is no country of ISO 3166, and what they are here.
IOM_OWN_CODES = {
    "AB9": "the Abyei area, claimed by two countries",
    "OOO": "others and unknown together, UN number 2003",
    "OOS": "an unidentified part of Sub-Saharan Africa",
    "STL": "stateless, here STLS",
    "TIB": "Tibet, within China",
}


def table(path: str) -> list[dict[str, Any]]:
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"needs {path} in the folder of shared data; set SOJOURN_SHARED_DATA to where it lies")
    return pq.read_table(file).to_pylist()


def test_present_countries_are_those_of_pycountry_with_the_same_codes():
    ours = {(found.code, found.alpha_2, found.m49) for found in areas() if found.kind is AreaKind.COUNTRY}
    theirs = {(country.alpha_3, country.alpha_2, country.numeric) for country in pycountry.countries}
    assert ours == theirs


def test_withdrawn_countries_are_those_of_pycountry_but_one_whose_letters_are_in_use():
    ours = {
        (found.code, found.alpha_2, found.m49, str(found.entry.valid_to))
        for found in areas()
        if found.kind is AreaKind.HISTORIC
    }
    theirs = {
        (
            country.alpha_3,
            country.alpha_2,
            getattr(country, "numeric", None),
            country.withdrawal_date + ("-12-31" if len(country.withdrawal_date) == 4 else ""),
        )
        for country in pycountry.historic_countries
        if country.alpha_4 != "FQHH"
    }
    assert ours == theirs


def test_every_country_of_the_iom_table_is_known_but_for_its_own_codes():
    unknown = {row["iso3"] for row in table("iom_gdi/countrynames.parquet")} - {
        found.code for found in areas()
    }
    assert unknown == set(IOM_OWN_CODES)


def test_numbers_and_two_letter_codes_are_those_of_the_iom_table():
    # The IOM table gives Taiwan and unknown no two letters, and the Channel Islands letters of its own.
    differing = [
        row["iso3"]
        for row in table("iom_gdi/countrynames.parquet")
        if row["iso3"] in code_list("CL_AREA")
        and (area(row["iso3"]).alpha_2, area(row["iso3"]).m49)
        != (row["iso2"], None if row["m49"] is None else f"{row['m49']:03d}")
    ]
    assert sorted(differing) == ["TWN", "XCX"]


def test_regions_are_those_of_the_iom_table():
    differing = {}
    for row in table("iom_gdi/countrynames.parquet"):
        if row["iso3"] in code_list("CL_AREA"):
            codes = (row["intregion_code"], row["subregion_code"], row["region_code"], 1)
            theirs = tuple(f"{code:03d}" for code in codes if code is not None)
            if regions_of(row["iso3"]) != theirs:
                differing[row["iso3"]] = theirs
    assert differing == {}


def test_every_origin_and_destination_of_the_un_migrant_stock_is_known_but_the_unknown():
    rows = table("undesa_ims/ims2024_origin_destination_sex.parquet")
    codes = {row["geo"] for row in rows} | {row["from"] for row in rows}
    assert len(codes) > 230
    assert codes - {found.code for found in areas()} == {"OOO"}
