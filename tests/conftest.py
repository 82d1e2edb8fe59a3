"""What all tests share: the profile of random examples that `make soak` loads."""

from tests.support import soak  # noqa: F401  (registers it)
