"""`make bench`: every figure with the ratio to its reference, one line each. `python -m bench reaction` runs one.

`python -m bench waiting 200000 simulating 50000`: with so many contacts.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

FIGURES = ("reaction", "lifecycle", "waiting", "importing", "browse", "simulating", "pacing")


SIZED = ("waiting", "simulating")


def main() -> None:
    for name, arguments in _chosen(sys.argv[1:] or FIGURES):
        import_module(f"bench.{name}").main(*arguments)


def _chosen(words: Sequence[str]) -> list[tuple[str, list[int]]]:
    """Each figure with the number that follows its name, if one does."""
    chosen: list[tuple[str, list[int]]] = []
    for word in words:
        if word in FIGURES:
            chosen.append((word, []))
        elif word.isdigit() and chosen and chosen[-1][0] in SIZED:
            chosen[-1] = (chosen[-1][0], [int(word)])
        else:
            known, sized = ", ".join(FIGURES), ", ".join(SIZED)
            sys.exit(f"{word} is no figure; there are: {known}. A number of contacts may follow {sized}.")
    return chosen


if __name__ == "__main__":
    main()
