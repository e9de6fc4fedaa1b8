"""Ruritania's project is one that an analyst could have written, and loads as it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sojourn.demo import Generated, generate
from sojourn.errors import ProjectError
from sojourn.project.load import load


def test_the_project_loads_without_a_problem(ruritania: Generated) -> None:
    project = load(ruritania.folder)
    assert set(project.sources) == {file.source for file in ruritania.deliveries}
    assert set(project.releases["2024"].tables) == set(project.tables)


def test_every_title_and_definition_is_given_in_english_and_arabic(ruritania: Generated) -> None:
    project = load(ruritania.folder)
    texts = [project.settings.title, project.settings.agency.title]
    texts += [organisation.title for organisation in project.organisations.values()]
    texts += [source.title for source in project.sources.values()]
    texts += [indicator.title for indicator in project.indicators.values()]
    texts += [indicator.definition for indicator in project.indicators.values()]
    texts += [table.title for table in project.tables.values()]
    texts += [table.description for table in project.tables.values()]
    texts += [release.title for release in project.releases.values()]
    assert all(set(text) == {"en", "ar"} for text in texts)
    assert all(any("ء" <= letter <= "ي" for letter in text["ar"]) for text in texts)


def test_people_of_the_project_are_roles_and_have_no_names(ruritania: Generated) -> None:
    people = load(ruritania.folder).people
    assert all(person.rstrip("0123456789").endswith("-") for person in people)
    assert sum("disclosure_checker" in person.roles for person in people.values()) == 2


def test_tables_of_registers_are_rounded_and_none_goes_unprotected(ruritania: Generated) -> None:
    project = load(ruritania.folder)
    for table in project.tables.values():
        assert table.protect.minimum_contributors == 10
        assert table.protect.secondary
        is_survey = project.indicators[table.indicator].source == "survey"
        assert table.protect.round_to == (None if is_survey else 5)


def test_the_settings_name_the_keys_folder_as_given(ruritania: Generated, tmp_path: Path) -> None:
    keys = tmp_path / 'keys "of" Ruritania: №1'
    generated = generate(tmp_path / "ruritania", persons=2_000, seed=1, keys=keys)
    assert load(generated.folder).settings.keys.folder == str(keys)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ProjectError, match="is not empty"):
        generate(tmp_path, persons=2_000, keys=tmp_path / "keys")
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("persons", [0, 1_999, 10_000_001])
def test_a_country_of_impossible_size_is_refused(tmp_path: Path, persons: int) -> None:
    with pytest.raises(ProjectError, match="Choose between"):
        generate(tmp_path / "ruritania", persons=persons, keys=tmp_path / "keys")
