import pickle

import pytest

from dialer.domain.errors import (
    DomainError,
    Fault,
    IllegalTransition,
    Incomplete,
    InvalidInput,
    NotFound,
    StaleEdit,
    shown,
)

FAULTS = (Fault("title", "is empty"), Fault("queue", "'sales' is unknown"))


def test_a_value_is_shown_short_and_harmless() -> None:
    assert shown("a\r\nb\0\x1b[31m") == r"'a\r\nb\x00\x1b[31m'"
    assert shown("x" * 81) == f"'{'x' * 80}…'"
    assert shown("x" * 80) == f"'{'x' * 80}'"
    assert shown("\ud800") == r"'\ud800'"
    assert shown(None) == "'None'"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InvalidInput(FAULTS), "title: is empty; queue: 'sales' is unknown"),
        (Incomplete(iter(FAULTS)), "title: is empty; queue: 'sales' is unknown"),
        (InvalidInput.single("title", "is empty"), "title: is empty"),
        (NotFound("campaign", 7), "there is no campaign with the id '7'"),
        (IllegalTransition("campaign", "ended", "published"), "a campaign that is ended can't be published"),
        (StaleEdit("campaign", "01J"), "the campaign '01J' was changed by somebody else"),
    ],
)
def test_an_error_says_what_happened_and_crosses_a_process_pool(error: DomainError, text: str) -> None:
    assert text in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
