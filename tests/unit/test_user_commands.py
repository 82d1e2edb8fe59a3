"""`dialer user` and `dialer token`: what they print, and that the audit log tells who ran them."""

import asyncio
import getpass
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.settings import Settings
from dialer.cli import cli
from dialer.operations import campaigns
from dialer.operations.context import Context
from tests.support.databases import SQLITE, opened


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "dialer.db"
    monkeypatch.setenv("DIALER_DATABASE__URL", f"sqlite+aiosqlite:///{path}")
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    assert run("migrate").exit_code == 0
    return path


def run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(words), input=typed)


async def campaign(db: Path) -> None:
    async with opened(f"{SQLITE}{db}") as database:
        await campaigns.create(Context(database, Settings()), {"title": "Spring"})


@pytest.mark.req("A2")
def test_commands_are_told_in_the_audit_log(db: Path) -> None:
    assert run("user", "create", "--name", "ann", typed="correct horse battery\n").exit_code == 0
    wide = run("token", "create", "--name", "ci")
    assert wide.stdout.startswith("dlr_")
    missing = run("token", "create", "--name", "importer", "--campaign", "1")
    assert "there is no campaign 1" in missing.stderr
    asyncio.run(campaign(db))
    narrow = ("--right", "read", "--right", "write", "--campaign", "1", "--days", "90")
    assert run("token", "create", "--name", "importer", *narrow).stdout.startswith("dlr_")
    with sqlite3.connect(db) as connection:
        rows = list(connection.execute("SELECT who, kind, action, thing, name, after FROM audit ORDER BY id"))
        (rights,) = connection.execute("SELECT rights FROM api_token WHERE name = 'importer'").fetchone()
    connection.close()
    me = (getpass.getuser(), "command", "create")
    made = [(*me, "user", "ann"), (*me, "token", "ci"), (*me, "token", "importer")]
    assert [row[:5] for row in rows if row[3] != "campaign"] == made
    assert json.loads(rows[-1][5]).keys() == {"role", "rights", "campaign_id", "expires_at"}
    assert json.loads(rights) == ["read", "write"]
    assert "correct horse" not in str(rows)
    assert wide.stdout.strip() not in str(rows)


@pytest.mark.req("A2")
def test_a_right_that_is_none_is_refused_with_those_there_are(db: Path) -> None:
    refused = run("token", "create", "--name", "x", "--right", "fly")
    assert refused.exit_code == 1
    assert "'fly' is none: take read, operate, write, manage, talk" in refused.stderr
    assert run("token", "create", "--name", "x", "--role", "viewer", "--right", "write").exit_code == 1
    assert db.exists()
