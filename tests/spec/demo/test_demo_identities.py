"""The linkage country: rates come out as declared, and no file is easier than the reference set."""

from __future__ import annotations

import csv
import hashlib
import itertools
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sojourn.demo.country import HOME
from sojourn.demo.identities import FLOOR, LINKAGE_RATES, SOURCES, LinkageCountry, write_linkage_country
from sojourn.demo.identities.__main__ import main
from sojourn.demo.identities.families import january_shares, origin_shares
from sojourn.demo.identities.forms import CYRILLIC, LATIN, NATIVE, forms
from sojourn.demo.identities.rates import OF_THOSE_ABLE, PERSON_RATES
from sojourn.demo.identities.record_dates import written_dates
from sojourn.demo.identities.record_names import ZONE_WIDTH, WrittenNames, read_from_zone
from sojourn.demo.names import cultures, lexicon
from sojourn.demo.spelling import cyrillic, latin, native_variant, spellings
from sojourn.errors import ProjectError

PERSONS = 60_000


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> LinkageCountry:
    folder: Path = tmp_path_factory.mktemp("linkage")
    return write_linkage_country(folder / "country", persons=PERSONS, seed=5)


def rows(country: LinkageCountry, source: str) -> pa.Table:
    return pq.read_table(country.folder / f"{source}.parquet")


def truth(country: LinkageCountry, source: str) -> pa.Table:
    records = pq.read_table(country.folder / "truth" / "records.parquet")
    return records.filter(pc.equal(records["source"], source))


def texts(column: pa.ChunkedArray) -> np.ndarray:
    return np.array([text or "" for text in column.to_pylist()])


def test_realised_rates_are_the_declared_ones(country: LinkageCountry) -> None:
    # Five standard deviations of a share; a family moves together, so that moves vary more.
    with (country.folder / "truth" / "rates.csv").open(encoding="utf-8") as opened:
        lines = [line for line in csv.DictReader(opened) if line["declared"]]
    assert len(lines) == sum(len(rates) for rates in LINKAGE_RATES.values())
    for line in lines:
        declared = float(line["declared"])
        size = int(line["able"] if line["flaw"] in OF_THOSE_ABLE else line["records"])
        # A slip of the finger on two equal letters changes nothing.
        lost = 0.12 * declared if line["flaw"].endswith(("_misspelt", "particle_rewritten")) else 0.0
        allowed = (
            5 * (3.0 if line["flaw"] == "region_moved" else 1.0) * (declared * (1 - declared) / size) ** 0.5
        )
        assert declared - lost - allowed <= float(line["share"]) <= declared + allowed, line


def test_every_declared_rate_is_at_least_that_of_the_reference_set() -> None:
    for source in SOURCES[1:]:
        for flaw, least in FLOOR.items():
            assert LINKAGE_RATES[source][flaw] >= least, (source, flaw)


def test_flags_say_what_the_records_show(country: LinkageCountry) -> None:
    for source in SOURCES[1:]:
        table, known = rows(country, source), truth(country, source)
        assert table["record_id"].to_pylist() == known["record_id"].to_pylist()
        assert table["birth_date"].is_null().to_pylist() == known["birth_date_null"].to_pylist()
        assert table["document_no"].is_null().to_pylist() == known["document_null"].to_pylist()
        first = known["born_first_january"].to_numpy()
        assert all(date.endswith("-01-01") for date in texts(table["birth_date"])[first])
        unknown = known["day_and_month_unknown"].to_numpy()
        assert all(date.endswith("-00-00") for date in texts(table["birth_date"])[unknown])


def test_files_differ_from_the_border_as_often_as_the_reference_set(country: LinkageCountry) -> None:
    border, known = rows(country, "border"), truth(country, "border")
    person = known["person"].to_numpy()
    _, at_border = np.unique(person, return_index=True)
    by_person = dict(zip(person[at_border], at_border, strict=True))
    regions, documents = texts(border["region"]), texts(border["document_no"])
    for source in SOURCES[1:]:
        table, of = rows(country, source), truth(country, source)["person"].to_numpy()
        both = [(row, by_person[one]) for row, one in enumerate(of) if one in by_person]
        here, there = (np.array(side) for side in zip(*both, strict=True))
        moved = texts(table["region"])[here] != regions[there]
        assert moved.mean() > FLOOR["region_moved"] - 0.015
        own, first = texts(table["document_no"])[here], documents[there]
        assert (own == "").mean() > FLOOR["document_null"] - 0.015
        shown = (own != "") & (first != "")
        assert (own != first)[shown].mean() > FLOOR["document_changed"] - 0.015


def test_names_in_latin_letters_differ_from_the_border_in_45_of_100(country: LinkageCountry) -> None:
    # Of permits in Latin letters whose surname is otherwise as in the passport; the share declared is that of
    # all records, and names with one spelling in Latin may have several in other scripts.
    border, permits = rows(country, "border"), rows(country, "permits")
    known = truth(country, "permits")
    person = truth(country, "border")["person"].to_numpy()
    surname_of = dict(zip(person, texts(border["surname"]), strict=True))
    plain = np.ones(permits.num_rows, dtype=bool)
    for flaw in ("names_swapped", "surname_misspelt", "particle_rewritten", "married_name", "native_script",
                 "cyrillic", "second_surname_left_out"):  # fmt: skip
        plain &= ~known[flaw].to_numpy()
    own, of = texts(permits["surname"]), known["person"].to_numpy()
    pairs = [(own[row], surname_of[of[row]]) for row in np.flatnonzero(plain) if of[row] in surname_of]
    other = [re.sub("[^A-Z]", "", one) != re.sub("[^A-Z]", "", two) for one, two in pairs]
    assert np.mean(other) > 0.42


def test_at_least_49_origins_and_four_scripts_occur_in_every_file_beside_the_border(
    country: LinkageCountry,
) -> None:
    people = pq.read_table(country.folder / "truth" / "persons.parquet")
    assert len(people["origin"].unique()) >= 49
    for source in SOURCES[1:]:
        names = " ".join(texts(rows(country, source)["surname"]))
        for script in ("[A-Za-z]", "[А-Яа-я]", "[\u0600-\u06ff]", "[\u4e00-\u9fff]"):
            assert re.search(script, names), (source, script)
        other = [
            not re.match("[A-Za-zÀ-ɏḀ-ỿ' -]*$", name) for name in texts(rows(country, source)["surname"])
        ]
        assert np.mean(other) > FLOOR["native_script"]


def test_the_border_knows_capitals_and_at_most_39_characters(country: LinkageCountry) -> None:
    table = rows(country, "border")
    for surname, given in zip(texts(table["surname"]), texts(table["given_names"]), strict=True):
        assert re.fullmatch("[A-Z< ]*", surname + given)
        assert len(surname) + 2 + len(given) <= ZONE_WIDTH or not given
    assert truth(country, "border")["cut_at_39"].to_numpy().any()


def test_a_long_name_is_cut_where_the_zone_ends() -> None:
    # SUBRAMANIAN<VENKATESAN is 22 characters, << two more: 15 of LAKSHMINARAYANAN's 16 remain.
    names = WrittenNames(pa.array(["Subramanian-Venkatesan"]), pa.array(["Lakshminarayanan"]), {}, {})
    read = read_from_zone(np.random.default_rng(1), "register", names)
    assert read.surname.to_pylist() == ["SUBRAMANIAN VENKATESAN"]
    assert read.given.to_pylist() == ["LAKSHMINARAYANA"]
    assert read.flaws["cut_at_39"].tolist() == [True]


def test_more_than_six_in_a_hundred_of_the_foreign_born_were_born_on_1_january(
    country: LinkageCountry,
) -> None:
    weights = origin_shares().copy()
    weights[HOME] = 0
    declared = PERSON_RATES["first_january_of_foreign_born"]
    assert abs((weights * january_shares()).sum() / weights.sum() - declared) < 1e-6
    people = pq.read_table(country.folder / "truth" / "persons.parquet")
    foreign = people.filter(pc.not_equal(people["birthplace"].cast(pa.string()), "RT"))
    days = texts(foreign["papers_birth_date"].cast(pa.string()))
    assert np.mean([day.endswith("-01-01") for day in days]) > 0.06


def test_a_date_has_one_flaw_at_most_and_stays_a_date() -> None:
    days = np.random.default_rng(1).integers(-15_000, 19_000, 50_000)
    written, flaws, _ = written_dates(np.random.default_rng(2), "register", days)
    assert max(sum(flags) for flags in zip(*flaws.values(), strict=True)) == 1
    kept = ~np.any(list(flaws.values()), axis=0)
    exact = days.astype("datetime64[D]").astype(str)
    assert (texts(written)[kept] == exact[kept]).all()
    changed = flaws["birth_date_slip"] | flaws["day_and_month_swapped"]
    assert (texts(written)[changed] != exact[changed]).all()
    known = texts(written)[~flaws["birth_date_null"] & ~flaws["day_and_month_unknown"]]
    assert np.array(known, dtype="datetime64[D]").size == len(known)


def test_families_hold_twins_namesakes_and_brothers_of_neighbouring_new_years(
    country: LinkageCountry,
) -> None:
    people = pq.read_table(country.folder / "truth" / "persons.parquet").to_pylist()
    twins = namesakes = brothers = 0
    for one, other in itertools.pairwise(people):
        if one["household"] == other["household"] and one["is_child"] and other["is_child"]:
            twins += one["birth_date"] == other["birth_date"]
            first, second = one["papers_birth_date"], other["papers_birth_date"]
            is_first = (first.month, first.day, second.month, second.day) == (1, 1, 1, 1)
            brothers += is_first and 0 < second.year - first.year <= 2
        namesakes += (
            one["household"] == other["household"] and not one["is_child"] and other["is_child"]
            and one["sex"] == other["sex"] == "M" and one["given"] == other["given"]
        )  # fmt: skip
    assert twins > PERSONS / 1000
    assert namesakes > PERSONS / 2000
    assert brothers > PERSONS / 1000


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    def sums(folder: Path, seed: int) -> dict[str, str]:
        write_linkage_country(folder, persons=2_000, seed=seed)
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(folder.rglob("*.*"))
        }

    first, again, other = (sums(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert len(first) == len(SOURCES) + 3
    assert all(first[file] != other[file] for file in first)


def test_blocks_number_persons_households_and_records_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sojourn.demo.identities.country.BLOCK", 700)
    made = write_linkage_country(tmp_path / "a", persons=2_000, seed=3)
    people = pq.read_table(made.folder / "truth" / "persons.parquet")
    assert people["person"].to_pylist() == list(range(2_000))
    assert (np.diff(people["household"].to_numpy()) >= 0).all()
    records = pq.read_table(made.folder / "truth" / "records.parquet")
    assert len(set(records["record_id"].to_pylist())) == records.num_rows == sum(made.rows.values())


def test_a_folder_in_use_or_a_sixth_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("x")
    with pytest.raises(ProjectError, match="not empty"):
        write_linkage_country(tmp_path, persons=100)
    with pytest.raises(ProjectError, match="6 sources"):
        write_linkage_country(tmp_path / "new", persons=100, sources=6)


def test_the_command_writes_the_sources_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--persons", "500", "--sources", "2"]) == 0
    assert sorted(file.name for file in (tmp_path / "out").glob("*.parquet")) == [
        "border.parquet",
        "register.parquet",
    ]
    assert "border: " in capsys.readouterr().out
    assert main([str(tmp_path / "out")]) == 2


def test_large_cultures_have_surnames_and_given_names_enough_to_collide_as_they_do() -> None:
    names = lexicon()
    large = {
        "eastslavic",
        "ukrainian",
        "uzbek",
        "kazakh",
        "arabic",
        "chinese",
        "hispanic",
        "turkish",
        "southasian",
    }
    for position, culture in enumerate(cultures()):
        if culture.name in large:
            assert names.surnames.count[position] >= 120, culture.name
            assert (names.given.count[2 * position : 2 * position + 2] >= 70).all(), culture.name


def test_spellings_follow_rules_of_the_culture() -> None:
    assert latin("georgian", "ბერიძე") == "Beridze"
    assert cyrillic("chinese", "Zhang") == "Чжан"
    assert cyrillic("vietnamese", "Nguyen") == "Нгуен"
    assert native_variant("chinese", "张") == "張"
    assert native_variant("arabic", "أحمد") == "احمد"
    assert spellings("arabic", ("Khalid",))[:2] == ("Khalid", "Khaleed")


def test_a_name_has_the_form_of_the_script_and_varies_only_where_told() -> None:
    surnames = lexicon().surnames
    row = surnames.native.to_pylist().index("张")
    one, none = np.array([row]), np.array([0])
    for script, usual in ((NATIVE, "张"), (CYRILLIC, "Чжан"), (LATIN, "Zhang")):
        at = np.array([script])
        assert forms().written(one, at, none, none, none).to_pylist() == [usual]
        assert forms().written(one, at, none, none, one).to_pylist() != [usual]
    assert forms().written(np.array([-1]), none, none, none, none).to_pylist() == [None]
