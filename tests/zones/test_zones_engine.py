"""An engine's connection opens the folders it was given; every other way to a file is shut."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.engine import Engine, sql_beside
from sojourn.errors import NotPermitted

CANARY = "Canary Bird Zwitscherlein"

ATTEMPTS = {
    "read_text": "SELECT * FROM read_text('{vault}/names.txt')",
    "read_blob": "SELECT * FROM read_blob('{vault}/names.txt')",
    "read_csv": "SELECT * FROM read_csv('{vault}/names.txt', header = false, all_varchar = true)",
    "read_json": "SELECT * FROM read_json('{vault}/names.txt')",
    "read_parquet": "SELECT * FROM read_parquet('{vault}/names.parquet')",
    "parquet_scan": "SELECT * FROM parquet_scan('{vault}/names.parquet')",
    "a file as a table": "SELECT * FROM '{vault}/names.parquet'",
    "a pattern": "SELECT * FROM read_parquet('{vault}/*.parquet')",
    "a pattern of folders": "SELECT * FROM read_parquet('{root}/*/names.parquet')",
    "a list of files": "SELECT * FROM read_parquet(['{public}/open.parquet', '{vault}/names.parquet'])",
    "up and down again": "SELECT * FROM read_parquet('{public}/../vault/names.parquet')",
    "up and down twice": "SELECT * FROM read_parquet('{public}/x/../../vault/names.parquet')",
    "a dot on the way": "SELECT * FROM read_parquet('{public}/./../vault/./names.parquet')",
    "double slashes": "SELECT * FROM read_parquet('{public}//..//vault//names.parquet')",
    "a folder that begins alike": "SELECT * FROM read_parquet('{public}-vault/names.parquet')",
    "file address": "SELECT * FROM read_parquet('file://{vault}/names.parquet')",
    "file address of localhost": "SELECT * FROM read_parquet('file://localhost{vault}/names.parquet')",
    "relative path": "SELECT * FROM read_text('../vault/names.txt')",
    "home folder": "SELECT * FROM read_text('~/.bashrc')",
    "the password file": "SELECT * FROM read_text('/etc/passwd')",
    "the environment": "SELECT * FROM read_text('/proc/self/environ')",
    "an environment variable": "SELECT getenv('HOME')",
    "glob": "SELECT * FROM glob('{vault}/*')",
    "metadata": "SELECT * FROM parquet_metadata('{vault}/names.parquet')",
    "schema": "SELECT * FROM parquet_schema('{vault}/names.parquet')",
    "key-value metadata": "SELECT * FROM parquet_kv_metadata('{vault}/names.parquet')",
    "sniffing": "SELECT * FROM sniff_csv('{vault}/names.txt')",
    "attach a database": "ATTACH '{vault}/catalogue.duckdb' AS stolen",
    "attach SQLite": "ATTACH '{vault}/catalogue.sqlite' AS stolen (TYPE sqlite)",
    "export": "EXPORT DATABASE '{vault}/export'",
    "import": "IMPORT DATABASE '{vault}'",
    "copy out": "COPY (SELECT 1) TO '{vault}/written.csv'",
    "copy in": "CREATE TABLE stolen (line VARCHAR); COPY stolen FROM '{vault}/names.txt'",
    "open the configuration": "SET enable_external_access = true",
    "widen the folders": "SET allowed_directories = ['{vault}']",
    "widen the paths": "SET allowed_paths = ['{vault}/names.parquet']",
    "unlock": "SET lock_configuration = false",
    "reset": "RESET allowed_directories",
    "spill elsewhere": "SET temp_directory = '{vault}'",
    "log to a file": "SET log_query_path = '{vault}/log'",
    "install an extension": "INSTALL httpfs",
    "load an extension": "LOAD '{vault}/names.txt'",
    "the network": "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
    "a secret": "CREATE SECRET stolen (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "a Python object by name": "SELECT * FROM canary_table",
}


@pytest.fixture
def zones(tmp_path):
    for name in ("public", "vault", "public-vault"):
        (tmp_path / name).mkdir()
    names = pa.table({"surname": [CANARY]})
    for name in ("vault", "public-vault"):
        pq.write_table(names, tmp_path / name / "names.parquet")
        (tmp_path / name / "names.txt").write_text(CANARY, encoding="utf-8")
    duckdb.connect(str(tmp_path / "vault" / "catalogue.duckdb")).close()
    pq.write_table(pa.table({"figure": [1]}), tmp_path / "public" / "open.parquet")
    return tmp_path


def test_there_are_at_least_forty_attempts():
    assert len(ATTEMPTS) >= 40


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_statement_leaves_the_folders_of_its_connection(zones, attempt, monkeypatch):
    monkeypatch.chdir(zones / "public")
    canary_table = pa.table({"surname": [CANARY]})
    before = sorted(path for path in zones.rglob("*"))
    statement = ATTEMPTS[attempt].format(root=zones, public=zones / "public", vault=zones / "vault")
    with Engine([zones / "public"]) as engine, pytest.raises((NotPermitted, duckdb.Error)) as caught:
        for part in statement.split("; "):
            engine.execute(part).fetchall()
    assert CANARY not in str(caught.value)
    assert sorted(path for path in zones.rglob("*")) == before
    assert canary_table.num_rows == 1


def test_a_link_inside_the_folder_that_points_out_of_it_is_not_followed(zones):
    (zones / "public" / "link.parquet").symlink_to(zones / "vault" / "names.parquet")
    with Engine([zones / "public"]) as engine:
        try:
            found = engine.execute(f"SELECT * FROM read_parquet('{zones}/public/link.parquet')").fetchall()
        except (NotPermitted, duckdb.Error):
            found = []
    assert found == []


def test_what_lies_in_the_folder_can_be_read(zones):
    with Engine([zones / "public"]) as engine:
        assert engine.relation(zones / "public" / "open.parquet").rows() == [(1,)]


def test_parquet_from_elsewhere_with_nan_is_read_whole(tmp_path):
    """DuckDB 2.0 skips rows of such files unless it is told that NaN may occur."""
    values = [1.0, float("nan"), 3.0] * 1000
    pq.write_table(pa.table({"value": values}), tmp_path / "nan.parquet")
    with Engine([tmp_path]) as engine:
        relation = engine.relation(tmp_path / "nan.parquet")
        found = engine.query("SELECT count(*) FROM given WHERE value > 2", {"given": relation}).rows()
        assert relation.count() == 3000
    # NaN is greater than every number in DuckDB, so that both NaN and 3 count.
    assert found == [(2000,)]


def test_a_name_that_is_not_plain_never_reaches_sql(engine):
    from sojourn.engine.names import quoted
    from sojourn.errors import ProjectError

    for name in ('x"; DROP TABLE deliveries; --', "a b", "", "1a", "naïve", "a" * 64, "pаssport_no"):
        with pytest.raises(ProjectError):
            quoted(name)


def test_a_methods_file_is_published_as_it_is_run(engine, tmp_path):
    (tmp_path / "doubled.sql").write_text(
        "-- Twice.\nSELECT 2 * value AS value FROM given WHERE value > $least\n"
    )
    method = sql_beside(str(tmp_path / "module.py"), "doubled.sql")
    given = engine.relation(pa.table({"value": [1, 2, 3]}))
    assert sorted(method(given=given, least=1).rows()) == [(4,), (6,)]
    assert method.text.startswith("-- Twice.")
