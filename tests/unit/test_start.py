"""What a start does not spend its time on, and what does not keep it from its work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.req("D3")
def test_what_was_imported_is_never_looked_through_for_garbage() -> None:
    """A fifth of the time from a start to its first call."""
    asks = "import dialer.cli, gc; print(gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 10_000)"
    told = subprocess.run([sys.executable, "-c", asks], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["True", "True"]


@pytest.mark.req("A4")
def test_a_terminal_that_cannot_show_every_character_ends_no_command(tmp_path: Path) -> None:
    """As in a locale without UTF-8: the arrow of `migrate` is written out."""
    database = {"DIALER_DATABASE__URL": f"sqlite+aiosqlite:///{tmp_path}/dialer.db", "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "dialer.cli", "migrate"]
    told = subprocess.run(command, env={**os.environ, **database}, check=True, capture_output=True, text=True)
    assert told.stdout.startswith(r"database: empty \u2192 ")
