"""A language that nobody speaks, for the tests of what pages say."""

from collections.abc import Iterator

import pytest

from admin import language
from tests.support import pseudo


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> language.Language:
    """In which whatever is translated stands between ⟦ and ⟧."""
    return language.load(pseudo.TAG, pseudo.write(tmp_path_factory.mktemp("said") / "locale")).default


@pytest.fixture
def spoken(made_up: language.Language) -> Iterator[None]:
    token = language.spoken.set(made_up)
    yield
    language.spoken.reset(token)
