"""What all tests share: the profile of random examples that `make soak` loads, and the order of the folders."""

import os
from pathlib import Path

import pytest

from tests.support import soak  # noqa: F401  (registers it)

HERE = Path(__file__).parent
# Those that wait much begin: at the end of a run no processor waits for a long file.
LONG_ONES = ("world", "faults", "e2e", "browser", "property", "store")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, which wait while calls ring."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return LONG_ONES.index(folder) if folder in LONG_ONES else len(LONG_ONES)
