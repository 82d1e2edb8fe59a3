"""Worlds by the seed: the real engine on a virtual clock, with faults, and what must hold whatever happens (I1 to I8).

200 short worlds and one large one here take about two minutes of one core; `make soak` plays 10,000 (SOAK_EXAMPLES), each as
long as WORLD_HOURS says, and `python -m tests.world SEED` plays one alone and prints its journal.
"""

import os
import subprocess
import sys
from collections import Counter
from itertools import cycle
from pathlib import Path

import pytest

from dialer.domain.outcome import Outcome
from tests.support.soak import examples, seconds
from tests.world.plan import THEMES, draw, draw_large, draw_races
from tests.world.restless import KINDS
from tests.world.smsc import ENDS
from tests.world.world import play, play_out

WORLDS, LARGE, RACES = 200, 1, 50
#: How long worlds are restless, in turn.
MINUTES = (1, 2, 2, 3, 3, 4)
#: So that several processes can share them.
SHARES = 4
#: What has to happen in each share, besides what goes wrong: or it would not be tested at all.
HAPPENS = {
    *(f"outcome {one}" for one in Outcome),
    *(f"trail {one}" for one in ("put-off", "refused", "stopped")),
    *(f"trail preview-{one}" for one in ("accepted", "skipped", "rejected", "withdrawn", "timed-out")), "agent misses",
    *(f"message {one}" for one in ("submitted", "delivered", "undelivered", "failed", "lost")),
    *(f"text {one}" for one in ENDS), "texts cut",
    "around the clock", "more lines than agents", "unpublish answered", "end answered", "listed", "calls in", "lets ring",
    "comes",
}  # fmt: skip
#: Where the machine's own clock, that no world may look at, is behind the world's.
JUST_BOOTED = """
import runpy, time
monotonic = time.monotonic
boot = monotonic()
time.monotonic = lambda: monotonic() - boot
runpy.run_module("tests.world", run_name="__main__")
"""
HAPPENED: dict[int, set[str]] = {}  # by share


@pytest.mark.soak
@pytest.mark.timeout(seconds(600))
@pytest.mark.req("D2", "D3", "D6", "D7", "D8", "C6", "C7", "C8", "C9", "K11")
@pytest.mark.parametrize("share", range(SHARES))
def test_the_invariants_hold_in_worlds_where_everything_goes_wrong(share: int, tmp_path: Path) -> None:
    happened: Counter[str] = Counter()
    for seed in range(1 + share, examples(WORLDS) + 1, SHARES):
        hours = float(os.environ.get("WORLD_HOURS", MINUTES[seed % len(MINUTES)] / 60))
        world = play_out(draw(seed, hours), tmp_path, replay=f"{seed} --hours {hours}")
        happened.update(world.ledger.noted.keys())
    HAPPENED[share] = set(happened)
    if len(HAPPENED) == SHARES:  # what is rare happens in some of them
        assert (HAPPENS | KINDS) - set.union(*HAPPENED.values()) == set()


@pytest.mark.soak
@pytest.mark.timeout(seconds(600))
@pytest.mark.req("D2", "D3")
def test_the_invariants_hold_with_hundreds_of_agents(tmp_path: Path) -> None:
    for seed in range(1, max(1, examples(LARGE) // 100) + 1):
        play_out(draw_large(seed), tmp_path, replay=f"{seed} --large")


@pytest.mark.soak
@pytest.mark.timeout(seconds(600))
@pytest.mark.req("C6", "C7", "D3")
def test_nothing_leaves_after_the_answer_to_a_pause_an_end_or_an_expiry(tmp_path: Path) -> None:
    raced, seed = 0, 0
    while raced < examples(RACES):
        seed += 1
        raced += play_out(draw_races(seed), tmp_path, replay=f"{seed} --races").raced


@pytest.mark.req("D3")
def test_equal_seeds_make_equal_journals_whatever_the_process_and_the_machine(tmp_path: Path) -> None:
    for seed, hashing in zip(_one_of_each_theme(), cycle("12"), strict=False):
        here = play(seed, tmp_path, hours=0.03)
        command = [sys.executable, "-c", JUST_BOOTED, str(seed), "--hours", "0.03"]
        told = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": hashing}, capture_output=True, check=True)
        assert told.stdout.decode() == here
        assert play(seed + 1000, tmp_path, hours=0.03) != here


def _one_of_each_theme() -> list[int]:
    """The first seed of each."""
    found: dict[str, int] = {}
    for seed in range(1, 100):
        found.setdefault(draw(seed, 0.03).theme, seed)
    assert found.keys() == THEMES.keys()
    return list(found.values())
