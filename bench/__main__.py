"""`make bench`: every figure with the ratio to its reference, one line each. `python -m bench reaction` runs one."""

import sys
from importlib import import_module

FIGURES = ("reaction", "lifecycle", "waiting", "importing", "browse", "simulating", "pacing")


def main() -> None:
    chosen = sys.argv[1:] or FIGURES
    unknown = set(chosen) - set(FIGURES)
    if unknown:
        sys.exit(f"no such figure: {', '.join(sorted(unknown))}; there are: {', '.join(FIGURES)}")
    for name in chosen:
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
