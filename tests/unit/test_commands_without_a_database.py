"""Commands that were started with the wrong settings: they say so and make no database that no server reads."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli import cli

pytestmark = pytest.mark.req("A4")
FLOW = Path(__file__).parents[2] / "demo" / "strategy.json"
COMMANDS = (
    ("trail-check",),
    ("simulate", "--campaign", "1"),
    ("strategy", "export", "1"),
    ("strategy", "import", "1", str(FLOW)),
    ("webhook-secret",),
    ("token", "create", "--name", "ci"),
    ("user", "create", "--name", "ann"),
    ("user", "first"),
)
by_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@pytest.fixture(autouse=True)
def _fresh_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALER_DATABASE__URL", raising=False)
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def run(*command: str) -> Result:
    return CliRunner().invoke(cli, list(command), input="correct horse battery\n")


@by_command
def test_without_a_file_it_is_named_and_none_is_made(command: tuple[str, ...], tmp_path: Path) -> None:
    refused = run(*command)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "database: there is no dialer.db: name it by --config or DIALER_DATABASE__URL (`dialer migrate` makes a new one)\n"
    )
    assert list(tmp_path.iterdir()) == []


@by_command
def test_an_empty_file_is_no_database_yet(command: tuple[str, ...], tmp_path: Path) -> None:
    Path("dialer.db").touch()
    refused = run(*command)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "dialer.db is not that of this version: run `dialer migrate`" in refused.stderr
    with closing(sqlite3.connect(tmp_path / "dialer.db")) as connection:
        assert list(connection.execute("SELECT name FROM sqlite_master")) == []


def test_the_documented_order_works() -> None:
    assert run("migrate").exit_code == 0
    assert run("user", "first").stdout.startswith("admin ")
    assert run("token", "create", "--name", "ci").stdout.startswith("dlr_")
    assert run("trail-check").exit_code == 0
