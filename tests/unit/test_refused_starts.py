"""What the system refuses, such as a database that can't be reached, ends a command with a line, not with a traceback or never."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from dialer.store.database import Database
from dialer.store.patience import patient

pytestmark = pytest.mark.req("A4")
PATIENCE_S = 60.0


def run(url: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dialer.cli", *words]
    environment = {**os.environ, "DIALER_DATABASE__URL": url, **settings}
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE_S, umask=0o022
    )


@pytest.fixture
def no_database(tmp_path: Path) -> str:
    (tmp_path / "dialer.db").write_bytes(b"no database at all" * 400)
    return f"sqlite+aiosqlite:///{tmp_path}/dialer.db"


@pytest.mark.parametrize("words", [["migrate"], ["serve"], ["token", "create", "--name", "x"], ["trail-check"]])
def test_a_file_that_is_no_database_is_told_in_a_line(no_database: str, words: list[str]) -> None:
    told = run(no_database, *words)
    assert (told.returncode, told.stderr.count("\n"), told.stdout) == (1, 1, "")
    assert "dialer.db: file is not a database: check DIALER_DATABASE__URL" in told.stderr


@pytest.mark.parametrize("words", [["migrate"], ["serve"], ["user", "first"], ["restore"]])
def test_a_server_that_does_not_answer_is_told_in_a_line_without_the_password(words: list[str]) -> None:
    told = run("postgresql://dialer:SECRET@127.0.0.1:1/dialer", *words)
    assert (told.returncode, told.stderr.count("\n"), told.stdout) == (1, 1, "")
    assert "127.0.0.1:1/dialer: [Errno 111]" in told.stderr
    assert "SECRET" not in told.stderr


def test_a_folder_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    told = run(f"sqlite+aiosqlite:///{tmp_path}/nowhere/dialer.db", "migrate")
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "nowhere" in told.stderr


def test_an_address_that_is_taken_is_told_in_a_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        settings = {"DIALER_HTTP__PORT": port, "DIALER_DATA_DIR": str(tmp_path)}
        told = run(f"sqlite+aiosqlite:///{tmp_path}/dialer.db", "serve", **settings)
    assert told.returncode == 1
    assert told.stderr.startswith(f"http: can't listen at 127.0.0.1:{port}: ")
    assert told.stderr.count("\n") == 1


def test_a_data_folder_that_can_not_be_made_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = run(f"sqlite+aiosqlite:///{tmp_path}/dialer.db", "serve", DIALER_DATA_DIR=str(tmp_path / "file" / "data"))
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert told.stderr.startswith("data_dir: ")


def test_a_backup_that_can_not_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/dialer.db"
    assert run(url, "migrate").returncode == 0
    told = run(url, "backup", str(tmp_path / "nowhere" / "copy.db"))
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "copy.db can't be made: [Errno 2]" in told.stderr


def test_what_a_command_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    """It has names and numbers, wherever the file lies."""
    assert run(f"sqlite+aiosqlite:///{tmp_path}/dialer.db", "migrate").returncode == 0
    made = sorted(tmp_path.iterdir())
    assert made
    assert {file.stat().st_mode & 0o077 for file in made} == {0}


async def test_whoever_writes_is_told_that_it_is_no_database(no_database: str) -> None:
    db = Database(no_database)
    try:
        with pytest.raises(DBAPIError, match="not a database"), patient():
            async with db.write():
                pass
        with pytest.raises(DBAPIError, match="not a database"):
            await db.transact(lambda tx: tx.run_sync(lambda _connection: None))
    finally:
        await db.close()
