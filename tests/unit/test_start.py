"""What a start does not spend its time on."""

import subprocess
import sys

import pytest


@pytest.mark.req("D3")
def test_what_was_imported_is_never_looked_through_for_garbage() -> None:
    """A fifth of the time from a start to its first call."""
    asks = "import dialer.cli, gc; print(gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 10_000)"
    told = subprocess.run([sys.executable, "-c", asks], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["True", "True"]
