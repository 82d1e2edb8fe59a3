"""`python -m tests.world SEED [SEED]`: the world of one seed with its journal, or of all from the first up to the last."""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.world.plan import draw, draw_large, draw_races
from tests.world.world import World, play_out

HOURS = 0.1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=int, nargs="?", help="quietly, every seed up to this one")
    parser.add_argument("--hours", type=float, default=HOURS, help="virtual hours with faults")
    parser.add_argument("--large", action="store_true", help="hundreds of agents and thousands of people, for minutes")
    parser.add_argument("--races", action="store_true", help="pauses, ends and expiries against calls that just leave")
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="world-") as made:
        folder = Path(made)
        if asked.last is None:
            sys.stdout.write(_world(asked.seed, folder, asked).ledger.journal)
            return 0
        failed = [seed for seed in range(asked.seed, asked.last + 1) if not _holds(seed, folder, asked)]
    _say(f"{asked.last - asked.seed + 1 - len(failed)} hold, {len(failed)} fail: {failed}")
    return 1 if failed else 0


def _world(seed: int, folder: Path, asked: argparse.Namespace) -> World:
    if asked.races:
        return play_out(draw_races(seed), folder, replay=f"{seed} --races")
    if asked.large:
        return play_out(draw_large(seed), folder, replay=f"{seed} --large")
    return play_out(draw(seed, asked.hours), folder, replay=f"{seed} --hours {asked.hours:g}")


def _holds(seed: int, folder: Path, asked: argparse.Namespace) -> bool:
    began = time.perf_counter()
    try:
        world = _world(seed, folder, asked)
    except Exception as error:  # noqa: BLE001 (said, and the next one)
        _say(f"seed {seed}: {type(error).__name__}: {error}"[:2000])
        return False
    _say(f"seed {seed}: {time.perf_counter() - began:.2f} s, {len(world.ledger.sent)} calls, {world.raced} races")
    return True


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")


if __name__ == "__main__":
    sys.exit(main())
