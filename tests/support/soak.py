"""How many random examples a property is tried with: some hundreds in `make test`, 10,000 in `make soak`."""

import os

from hypothesis import settings

SOAK = "soak"
settings.register_profile(
    SOAK, max_examples=int(os.environ.get("SOAK_EXAMPLES", "10000")), deadline=None, print_blob=True
)
# No example fails for being slow: the machine may be busy with others.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def seconds(usual: int) -> int:
    """For `pytest.mark.timeout`: `usual`, and 0, which is none, where the profile `soak` is loaded."""
    return 0 if settings.get_current_profile_name() == SOAK else usual


def examples(usual: int) -> int:
    """The number for a property: `usual` unless the profile `soak` is loaded."""
    return settings.default.max_examples if settings.get_current_profile_name() == SOAK else usual
