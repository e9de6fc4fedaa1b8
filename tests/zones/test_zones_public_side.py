"""Every way to write into the public zone that is not the gate's is tried, and fails.

A release is published the right way; then whoever else could write there tries: the store, the engine, other
rooms, commands, the office, the portal, links, names that lead elsewhere, figures that were not protected.
The zone is compared byte by byte.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import inspect
import io
import json
import re
import typing
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer.main
from litestar.testing import TestClient
from pydantic import ValidationError

from gate_at_hand import GateAtHand, contents, empty_catalogue, gate_at_hand, manifest_of
from office_reader import form_token, reader
from portal_publication import inflow
from small_project import write_small_project
from sojourn.cli import app
from sojourn.cli.app import _guarded
from sojourn.contracts.aggregates import DraftObservation, Observation
from sojourn.contracts.table import Zone
from sojourn.disclosure import Protected
from sojourn.disclosure.protect import SEAL
from sojourn.dissemination.publication import Manifest, ReleaseDescription, write_manifest
from sojourn.errors import DisclosureRisk, NotPermitted, ProjectError, SojournError
from sojourn.portal import application
from sojourn.production.doctor import examine, gate_of
from sojourn.production.quarantine import write_quarantined
from sojourn.production.workspace import Workspace, open_workspace
from sojourn.project.table_declarations import ReleaseDeclaration, TableDeclaration
from sojourn.store.zones import require_not_public

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "sojourn"
APPLICATION = typer.main.get_command(app)
CANARY = "Canary Bird Zwitscherlein"


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, GateAtHand]]:
    """A small project with one published release."""
    folder = tmp_path_factory.mktemp("zone")
    project = write_small_project(folder / "ruritania", folder / "keys")
    with (
        pytest.MonkeyPatch.context() as patch,
        gate_at_hand(patch, folder / "hand", empty_catalogue(folder)) as hand,
        open_workspace(project) as workspace,
    ):
        hand.catalogue, hand.gate = workspace.catalogue, gate_of(workspace)
        hand.gate.people = hand.people
        hand.published(hand.prepared())
        yield workspace, hand


@pytest.fixture
def workspace(zone: tuple[Workspace, GateAtHand]) -> Iterator[Workspace]:
    """The project; whatever a test does, its public zone is afterwards as it was."""
    made, hand = zone
    before, links = hand.public_files(), _links(hand.public)
    assert before
    yield made
    assert hand.public_files() == before
    assert _links(hand.public) == links


def _links(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink())


def public_of(workspace: Workspace) -> Path:
    return workspace.store.zone(Zone.PUBLIC)


# The store: every writer of versions, and every name that would lead into the zone.

TRICKS = (
    "../public",
    "../public/releases",
    "../secure/../public",
    "x/../../public",
    "./../public/",
    "..",
    "",
    "../../local/public",
)


def test_the_store_writes_no_table_of_the_public_zone(workspace):
    with (
        pytest.raises(NotPermitted, match="Only a release can write"),
        workspace.store.writing(Observation, "INFLOW", "f"),
    ):
        pytest.fail("it was let in")
    with pytest.raises(NotPermitted, match="Only a release can write"), workspace.store.beside(Zone.PUBLIC):
        pytest.fail("it was let in")


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("is_name", [True, False])
def test_no_name_of_a_version_leads_out_of_its_zone(workspace, trick, is_name):
    name, mark = (trick, "releases") if is_name else ("observations_x", f"../{trick}" if trick else trick)
    if trick == ".." and not is_name:
        mark = "../../public/releases"
    with (
        pytest.raises(NotPermitted, match="A version lies in its own zone"),
        workspace.store.writing(DraftObservation, name, mark),
    ):
        pytest.fail("it was let in")
    with pytest.raises(NotPermitted, match="A version lies in its own zone"):
        workspace.store.remove(Zone.SECURE, name, mark)


def test_no_version_is_written_through_a_link(workspace):
    link = workspace.store.zone(Zone.SECURE) / "observations_link"
    link.symlink_to(public_of(workspace) / "releases")
    with (
        contextlib.closing(_Unlinked(link)),
        pytest.raises(NotPermitted, match="A version lies in its own zone"),
        workspace.store.writing(DraftObservation, "observations_link", "f"),
    ):
        pytest.fail("it was let in")


class _Unlinked:
    """A link that is gone when the block ends."""

    def __init__(self, link: Path) -> None:
        self.link = link

    def close(self) -> None:
        self.link.unlink()


def test_the_store_removes_no_vintage(workspace):
    release = next((public_of(workspace) / "releases").iterdir()).name
    with pytest.raises(NotPermitted, match="Only a release can write"):
        workspace.store.remove(Zone.PUBLIC, "releases", release)


# The engine: a connection that can read a folder can write it.


def test_no_connection_is_opened_on_the_public_zone(workspace):
    for zones in ([Zone.PUBLIC], [Zone.SECURE, Zone.PUBLIC], list(Zone)):
        with pytest.raises(NotPermitted, match="Only a release can write"), workspace.engine(*zones):
            pytest.fail("it was opened")


@pytest.mark.parametrize(
    "place",
    [
        "{public}/x.parquet",
        "{public}/releases.json",
        "{secure}/../public/x.parquet",
        "{secure}/./../public/releases/x.parquet",
        "{secure}//..//public//x.parquet",
        "{secure}/link/x.parquet",
        "file://{public}/x.parquet",
        "../public/x.parquet",
        "x.parquet",
    ],
)
def test_no_statement_copies_into_the_public_zone(workspace, place, monkeypatch):
    public, secure = public_of(workspace), workspace.store.zone(Zone.SECURE)
    monkeypatch.chdir(public)
    (secure / "link").symlink_to(public)
    target = place.format(public=public, secure=secure)
    with contextlib.closing(_Unlinked(secure / "link")), workspace.engine(Zone.SECURE) as engine:
        with pytest.raises((NotPermitted, ProjectError)):
            engine.execute(f"COPY (SELECT '{CANARY}') TO '{target}' (FORMAT parquet)")
        relation = engine.relation(pa.table({"name": [CANARY]}))
        with pytest.raises((NotPermitted, ProjectError)):
            relation.write_parquet(Path(target.removeprefix("file://")))


def test_no_database_is_attached_or_exported_there(workspace):
    public = public_of(workspace)
    with workspace.engine(Zone.SECURE) as engine:
        for statement in (f"ATTACH '{public}/x.duckdb' AS x", f"EXPORT DATABASE '{public}/export'"):
            with pytest.raises((NotPermitted, SojournError, Exception)):
                engine.execute(statement)


# Other rooms: what they import and what they reach for.


@cache
def modules() -> dict[str, str]:
    """The text of every module, by its place."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8") for file in files}


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module])


def who_names(name: str, *, of: str = "") -> set[str]:
    """The modules that name something on its own, or as a part of `of`; not those that only define it."""
    suspects = [module for module, text in modules().items() if re.search(rf"\b{name}\b", text)]
    return {module for module in suspects if any(_is_named(node, name, of) for node in _nodes(module))}


@cache
def _nodes(module: str) -> list[ast.AST]:
    return list(ast.walk(tree_of(module)))


def _is_named(node: ast.AST, name: str, of: str) -> bool:
    if isinstance(node, ast.Attribute) and node.attr == name:
        return not of or getattr(node.value, "id", getattr(node.value, "attr", "")) == of
    return not of and isinstance(node, ast.Name) and node.id == name


def test_only_the_gate_writes_releases_and_the_manifest():
    assert who_names("write_release_folder") == {"release/gate.py"}
    # The demonstration has a function of that name for the manifests of its deliveries.
    assert "sojourn.dissemination" not in modules()["demo/generation.py"]
    assert who_names("write_manifest") - {"demo/generation.py"} == {"release/public_side.py"}
    assert who_names("copy_folder") == {"release/public_side.py"}
    # The first is what `write_manifest` is made of.
    assert who_names("replace_file") <= {"dissemination/publication.py", "store/keys.py"}
    assert who_names("place_folder") == {
        "dissemination/publication.py", "release/public_side.py", "store/store.py"
    }  # fmt: skip


def test_only_the_gate_lays_releases_into_the_zone():
    for name in ("show", "stage", "forget_staged", "_lay"):
        assert who_names(name, of="public") <= {"release/gate.py"}
    assert who_names("PublicSide") == {"release/gate.py"}


def test_only_the_gate_names_what_the_catalogue_says_of_decisions():
    for table in ("approval", "release_finding", "release_remark"):
        assert {module.partition("/")[0] for module in who_names(table, of="schema")} == {"release"}
    # Who keeps the time reads when the next moment comes.
    named = {module for module in who_names("release", of="schema") if not module.startswith("release/")}
    assert named <= {"production/desk.py", "production/embargoes.py"}
    for module in named:
        assert not [
            word
            for word in ("act.insert(", "act.update(", "sa.insert(", "sa.update(", "sa.delete(")
            if word in modules()[module]
        ]


def test_only_those_who_must_know_the_folder_of_the_zone_name_it():
    assert who_names("PUBLIC", of="Zone") <= {
        "store/store.py",  # makes it
        "contracts/aggregates.py",  # the contract of what lies in it
        "production/doctor.py",  # gives it to the gate, and looks whether it is whole
        "production/project.py",  # reads what is published
        "production/release_attacks.py",  # reads what is published
        "production/workspace.py",  # refuses it to the engine
    }


def test_the_portal_has_no_call_that_writes_a_file():
    writers = {
        "write_text", "write_bytes", "mkdir", "unlink", "rename", "replace_file", "rmtree", "touch",
        "symlink_to", "write_table", "copytree", "copy", "copyfile", "makedirs", "write_parquet",
        "place_folder",
    }  # fmt: skip
    for name in [module for module in modules() if module.startswith("portal/")]:
        for node in _nodes(name):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                modes = [each.value for each in node.args if isinstance(each, ast.Constant)]
                assert called not in writers, f"{name}:{node.lineno}"
                assert called != "open" or not {"w", "a", "x", "wb", "ab", "xb"} & set(map(str, modes)), name


# Figures that were not protected.


def test_figures_are_not_put_in_place_of_those_that_were_protected():
    protected = Protected("the protected figures", {}, SEAL)  # type: ignore[arg-type]
    with pytest.raises((DisclosureRisk, ValueError)):
        dataclasses.replace(protected, observations="others")  # type: ignore[arg-type]
    assert who_names("SEAL") == {
        "disclosure/protect.py", "disclosure/differences.py", "disclosure/suppression/tables.py"
    }  # fmt: skip


# Names that lead elsewhere.

LEADING = ("../x", "..", "x/../../y", "/etc/x", "x/y", "", ".", ".hidden", "x\0y", "x\\y", "а", "x\n")


@pytest.mark.parametrize("name", LEADING)
def test_no_name_of_a_release_a_table_or_a_file_leads_elsewhere(name):
    table = inflow("1").description
    release: dict[str, Any] = {
        "id": "migration", "version": "1", "title": {}, "agency": {"id": "A", "name": {}},
        "country": {"code": "XXA", "name": {}}, "prepared_at": "2026-01-01T00:00:00Z", "tables": ["INFLOW"],
    }  # fmt: skip
    ReleaseDescription.model_validate_json(json.dumps(release))
    for field, value in (("id", name), ("version", name), ("tables", [name])):
        with pytest.raises(ValidationError):
            ReleaseDescription.model_validate_json(json.dumps(release | {field: value}))
    described = json.loads(table.model_dump_json())
    type(table).model_validate_json(json.dumps(described))
    for changed in (
        {"id": name},
        {"method": described["method"] | {"sql_file": name}},
        {"dimensions": [described["dimensions"][0] | {"id": name}]},
    ):
        with pytest.raises(ValidationError):
            type(table).model_validate_json(json.dumps(described | changed))
    with pytest.raises(ValidationError):
        ReleaseDeclaration.model_validate({"id": name, "title": {"en": "x"}, "tables": ["X"]})
    with pytest.raises(ValidationError):
        TableDeclaration.model_validate({"id": name, "title": {"en": "x"}, "indicator": "i"})


# Commands: every one that takes a file or a folder is given one in the zone.


def commands_with_paths() -> Iterator[tuple[str, list[tuple[str, bool, Any]]]]:
    """Commands with their parameters: name as on the command line, whether it is an option, and its type."""

    def walk(command: Any, above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield " ".join(above), command
            return
        for name, each in below.items():
            yield from walk(each, (*above, name))

    for name, command in walk(APPLICATION, ()):
        callback = inspect.unwrap(command.callback)
        hints = typing.get_type_hints(callback)
        parameters = [
            (each.opts[0], each.opts[0].startswith("-"), each.required, hints.get(each.name))
            for each in command.params
            if each.name in hints
        ]
        if any(_is_path(kind) for *_, kind in parameters):
            yield name, [(opt, needed, kind) for opt, _, needed, kind in parameters]


def _takes(kind: Any, wanted: type) -> bool:
    is_wanted = isinstance(kind, type) and issubclass(kind, wanted)
    return is_wanted or any(_takes(part, wanted) for part in typing.get_args(kind))


def _is_path(kind: Any) -> bool:
    return _takes(kind, Path)


WITH_PATHS = dict(commands_with_paths())
# What these take is read, and never written.
READERS = {"--passphrase-file"}


def words_of(command: str, path: Path) -> list[str]:
    """The command with every path in one place, and something for what else it needs."""
    words = command.split()
    for name, is_needed, kind in WITH_PATHS[command]:
        if name in READERS:
            continue
        value = str(path) if _is_path(kind) else "2024-01-01" if _takes(kind, date) else "1"
        if name.startswith("-"):
            words += [name, value] if _is_path(kind) or is_needed else []
        elif _is_path(kind) or is_needed:
            words.append(value)
    return words


def ended(*words: object) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _guarded(lambda: APPLICATION.main(list(map(str, words)), standalone_mode=False))
    return code, err.getvalue() + out.getvalue()


def test_there_are_many_commands_that_take_a_file():
    assert len(WITH_PATHS) >= 30
    assert {"quarantine", "template", "tool link", "tool estimate", "demo", "new project"} <= set(WITH_PATHS)


WRITERS = sorted(
    name for name, given in WITH_PATHS.items() if any(_is_path(k) and n not in READERS for n, _, k in given)
)


@pytest.mark.parametrize("command", WRITERS)
def test_no_command_writes_a_new_file_into_the_zone(workspace, command, tmp_path):
    public = public_of(workspace)
    (tmp_path / "link").symlink_to(public)
    for path in (
        public / "x.csv",
        public / "releases" / "x.parquet",
        workspace.store.local / "secure" / ".." / "public" / "x.csv",
        tmp_path / "link" / "x.html",
        public / "releases",
    ):
        code, told = ended("-p", workspace.declarations.folder, *words_of(command, path))
        assert (code, "only a release writes there" in told) == (4, True), (command, path, told)


@pytest.mark.parametrize("command", WRITERS)
def test_no_command_writes_over_a_published_file(workspace, command):
    """Given as input and as output; the inputs are no files of that kind, which is another error."""
    release = next((public_of(workspace) / "releases").iterdir())
    for file in (public_of(workspace) / "releases.json", release / "tables/INFLOW/downloads/INFLOW.csv"):
        with contextlib.suppress(TypeError, ValueError, KeyError, OSError):
            code, told = ended("-p", workspace.declarations.folder, *words_of(command, file))
            assert code != 0 or command == "propose", (command, told)


def test_no_project_is_worked_on_in_the_zone(workspace):
    for words in (["check"], ["new", "source", "x"], ["run"], ["doctor", "--fix"]):
        code, told = ended("-p", public_of(workspace), *words)
        assert (code, "only a release writes there" in told) == (4, True)


def test_no_quarantined_record_is_written_there_by_a_script(workspace):
    with pytest.raises(SojournError):
        write_quarantined(workspace, "none", public_of(workspace) / "x.csv", "repair")
    with pytest.raises(NotPermitted, match="only a release writes there"):
        require_not_public(public_of(workspace) / "x.csv")


def test_a_folder_that_is_only_called_public_is_nobodys_zone(tmp_path):
    (tmp_path / "public").mkdir()
    require_not_public(tmp_path / "public" / "x.csv")


# The office and the portal, by HTTP.

PATHS = (
    "/", "/x", "/releases", "/releases.json", "/public/x", "/../public/x", "/samples/..%2f..%2fpublic",
    "/samples/x/cases/1/decide", "/static/..%2f..%2fpublic%2fx", "/data/INFLOW", "/catalog.jsonld",
)  # fmt: skip
METHODS = ("POST", "PUT", "PATCH", "DELETE", "MKCOL", "MOVE", "COPY", "PROPPATCH")


def test_no_request_to_the_office_writes_there(workspace):
    with open_workspace(workspace.declarations.folder) as own, reader(own) as client:
        page = client.get("/")
        token = form_token(page.text) if "form_token" in page.text else "none"
        for path in PATHS:
            for method in METHODS:
                answer = client.request(method, path, content=f"form_token={token}&x={CANARY}")
                assert answer.status_code >= 400, (method, path)


def test_no_request_to_the_portal_writes_there(workspace):
    served: Any = application(public_of(workspace))
    with TestClient(served, raise_server_exceptions=False) as client:
        release = next((public_of(workspace) / "releases").iterdir()).name
        for path in (*PATHS, f"/releases/{release}", f"/releases/{release}/INFLOW/INFLOW.csv"):
            for method in METHODS:
                answer = client.request(method, path, content=CANARY.encode())
                assert answer.status_code in (400, 404, 405, 501), (method, path)


# Links and folders that lie where the gate will write.


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[GateAtHand]:
    """A gate of its own, in whose zone things may be planted."""
    empty = empty_catalogue(tmp_path)
    with pytest.MonkeyPatch.context() as patch, gate_at_hand(patch, tmp_path / "local", empty) as made:
        yield made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder that nothing may be written into."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "kept.json").write_text(CANARY)
    yield folder
    assert contents(folder) == {"kept.json": CANARY.encode()}


def test_a_folder_of_releases_that_is_a_link_is_not_written_through(hand, elsewhere):
    made = hand.approved(hand.prepared())
    (hand.public / "releases").symlink_to(elsewhere)
    with pytest.raises((NotPermitted, OSError)):
        hand.gate.publish(hand.people["fred"], made)
    assert hand.state(made) == "approved"
    assert not (hand.public / "releases.json").exists()


def test_a_release_whose_place_is_a_link_is_not_written_through(hand, elsewhere):
    made = hand.approved(hand.prepared())
    (hand.public / "releases").mkdir()
    (hand.public / "releases" / made).symlink_to(elsewhere)
    with pytest.raises((NotPermitted, OSError)):
        hand.gate.publish(hand.people["fred"], made)
    assert hand.state(made) == "approved"


@pytest.mark.parametrize("name", ["releases.json", ".releases.json.new"])
def test_a_manifest_that_is_a_link_is_not_written_through(hand, elsewhere, name):
    made = hand.approved(hand.prepared())
    (hand.public / name).symlink_to(elsewhere / "kept.json")
    hand.gate.publish(hand.people["fred"], made)
    assert [entry["hash"] for entry in manifest_of(hand)["releases"]] == [made]
    assert not (hand.public / "releases.json").is_symlink()


def test_a_folder_that_was_planted_under_the_hash_of_a_release_is_replaced(hand):
    made = hand.approved(hand.prepared())
    planted = hand.public / "releases" / made
    planted.mkdir(parents=True)
    (planted / "canary.csv").write_text(CANARY)
    hand.gate.publish(hand.people["fred"], made)
    assert contents(planted) == contents(hand.gate.drafts / "releases" / made)


def test_what_is_planted_beside_the_bytes_of_a_draft_is_not_published(hand, tmp_path):
    made = hand.approved(hand.prepared())
    vault = tmp_path / "names.csv"
    vault.write_text(CANARY)
    (hand.gate.drafts / "releases" / made / "tables" / "names.csv").symlink_to(vault)
    with pytest.raises(NotPermitted, match="are not those that were prepared"):
        hand.gate.publish(hand.people["fred"], made)
    assert hand.public_files() == {}


# A manifest or a folder that somebody wrote by hand.


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Workspace, GateAtHand]]:
    """A project of its own with one published release."""
    project = write_small_project(tmp_path / "ruritania", tmp_path / "keys")
    with (
        pytest.MonkeyPatch.context() as patch,
        gate_at_hand(patch, tmp_path / "hand", empty_catalogue(tmp_path)) as made,
        open_workspace(project) as workspace,
    ):
        made.catalogue, made.gate = workspace.catalogue, gate_of(workspace)
        made.gate.people = made.people
        yield workspace, made


def errors(workspace: Workspace, *, fix: bool = False) -> list[str]:
    found = [one for one in examine(workspace, fix=fix) if one.subject == "public zone"]
    return [one.message for one in found if one.severity == "error"]


def test_a_release_that_somebody_listed_by_hand_is_found_and_taken_off(own):
    workspace, hand = own
    hand.published(hand.prepared())
    draft = hand.prepared(identifier="asylum")
    shown = Manifest.model_validate_json((hand.public / "releases.json").read_bytes())
    forged = shown.releases[0].model_copy(update={"hash": draft, "id": "asylum"})
    write_manifest(hand.public, shown.with_release(forged))
    assert errors(workspace) == ["the manifest lists what the catalogue does not say is published"]
    assert errors(workspace, fix=True) == []
    assert draft not in (hand.public / "releases.json").read_text()


def test_a_manifest_where_nothing_was_published_is_taken_away(own):
    workspace, hand = own
    made = hand.published(hand.prepared())
    forged = (hand.public / "releases.json").read_bytes()
    with workspace.catalogue.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE release SET published_at = NULL, state = 'returned' WHERE hash = ?", (made,)
        )
    assert json.loads(forged)["releases"]
    assert hand.gate.public.refresh_manifest()
    assert not (hand.public / "releases.json").exists()


def test_a_damaged_manifest_is_written_anew(own):
    workspace, hand = own
    made = hand.published(hand.prepared())
    (hand.public / "releases.json").write_text("{")
    assert errors(workspace) != []
    assert errors(workspace, fix=True) == []
    assert [entry["hash"] for entry in manifest_of(hand)["releases"]] == [made]


@pytest.mark.parametrize(
    "place", ["canary.csv", "releases/canary.csv", "releases/{made}/canary.csv", ".hidden/canary.csv"]
)
def test_what_somebody_put_into_the_zone_by_hand_is_found(own, place):
    workspace, hand = own
    made = hand.published(hand.prepared())
    assert errors(workspace) == []
    file = hand.public / place.format(made=made)
    file.parent.mkdir(exist_ok=True)
    file.write_text(CANARY)
    assert len(errors(workspace)) == 1
    assert "entries are of no release" in errors(workspace)[0]


def test_the_comparison_would_see_a_byte(own):
    _, hand = own
    hand.published(hand.prepared())
    before = hand.public_files()
    (hand.public / "probe").write_bytes(b"x")
    assert hand.public_files() != before
