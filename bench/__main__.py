"""`make bench`: every figure with the ratio to its reference, one line each. `python -m bench reaction` runs one.

`python -m bench waiting 200000 asterisk_rate 200 20`: with so many contacts; so many calls a second, for so many seconds.
`python -m bench texting held 100000`: one part of a figure that has several.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from config.settings import Log
from dialer.logs import set_up_logs

#: In this order; each with what the numbers after its name say.
FIGURES: dict[str, tuple[str, ...]] = {
    "reaction": (),
    "thousand": ("agents",),
    "asterisk_rate": ("calls a second", "seconds"),
    "call_cost": ("agents", "spells"),
    "full_calls": ("agents", "seconds", "turns"),
    "lifecycle": (),
    "waiting": ("contacts",),
    "importing": (),
    "browse": (),
    "simulating": ("contacts",),
    "pacing": (),
    "texting": ("texts",),
    "watching": ("pages", "slow streams", "list calls a second"),
    "kills": ("kills",),
}
#: What may stand behind a figure's name, for this part of it only.
PARTS = {
    "full_calls": ("apart", "sharing"),
    "texting": ("submits", "entering", "receipts", "together", "held", "memory", "kannel"),
}


def main() -> None:
    with Path(os.devnull).open("w") as nowhere:
        set_up_logs(Log(), nowhere)  # each line is made, as in a server, and shown to nobody
        _run()


def _run() -> None:
    for name, parts, numbers in _chosen(sys.argv[1:] or list(FIGURES)):
        run = import_module(f"bench.{name}").main
        for how in [{"part": part} for part in parts] or [{}]:
            run(*numbers, **how)


def _chosen(words: Sequence[str]) -> list[tuple[str, list[str], list[int]]]:
    """Each figure with the parts and numbers that follow its name."""
    chosen: list[tuple[str, list[str], list[int]]] = []
    for word in words:
        if chosen and word in PARTS.get(chosen[-1][0], ()):
            chosen[-1][1].append(word)
        elif word in FIGURES:
            chosen.append((word, [], []))
        elif word.isdigit() and chosen and len(chosen[-1][2]) < len(FIGURES[chosen[-1][0]]):
            chosen[-1][2].append(int(word))
        else:
            known = "; ".join(f"{name} {' '.join(f'[{told}]' for told in of)}".strip() for name, of in FIGURES.items())
            sys.exit(f"{word} is neither a figure nor a part or number of one; there are: {known}")
    return chosen


if __name__ == "__main__":
    main()
