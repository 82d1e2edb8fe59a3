"""Worlds by the seed: the real engine on a virtual clock, with faults, and what must hold whatever happens (I1 to I8).

Those that were chosen here take about a minute of one core; `make soak` plays 10,000 (SOAK_EXAMPLES), and
`python -m tests.world SEED` plays one alone and prints its journal.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.databases import SqliteDatabases
from tests.support.soak import examples, seconds
from tests.world.plan import draw_races
from tests.world.world import play, play_out

WORLDS, HOURS, RACES = 24, 0.1, 100


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SqliteDatabases(tmp_path_factory.mktemp("template")).template


@pytest.mark.soak
@pytest.mark.timeout(seconds(300))
@pytest.mark.req("D2", "D3", "D6", "C6", "C7", "C8", "K11")
def test_the_invariants_hold_in_worlds_where_everything_goes_wrong(template: Path, tmp_path: Path) -> None:
    hours = float(os.environ.get("WORLD_HOURS", HOURS))
    for seed in range(1, examples(WORLDS) + 1):
        play(seed, template, tmp_path, hours=hours)


@pytest.mark.soak
@pytest.mark.timeout(seconds(300))
@pytest.mark.req("C6", "C7", "D3")
def test_nothing_leaves_after_the_answer_to_a_pause_an_end_or_an_expiry(template: Path, tmp_path: Path) -> None:
    raced, seed = 0, 0
    while raced < examples(RACES):
        seed += 1
        raced += play_out(draw_races(seed), template, tmp_path, replay=f"{seed} --races").raced


@pytest.mark.req("D3")
def test_equal_seeds_make_equal_journals_whatever_the_process(template: Path, tmp_path: Path) -> None:
    here = play(7, template, tmp_path, hours=0.05)
    for hashing in ("1", "2"):
        command = [sys.executable, "-m", "tests.world", "7", "--hours", "0.05"]
        told = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, check=True)
        assert told.stdout.decode() == here
    assert play(8, template, tmp_path, hours=0.05) != here
