"""For how long an SMSC may try to deliver: never into the night of whom the text goes to."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.windows import Opening
from dialer.pacing.validity import validity

NOW = datetime(2026, 5, 4, 17, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.req("M2", "D7", "C9")
@pytest.mark.parametrize(
    ("closes_in", "wanted", "expected"),
    [
        (None, None, DAY),
        (None, 3 * HOUR, 3 * HOUR),
        (None, 3 * DAY, DAY),
        (2 * HOUR, None, 2 * HOUR),
        (2 * HOUR, HOUR, HOUR),
        (timedelta(seconds=5), None, MINUTE),
    ],
)
def test_the_least_of_all_limits(closes_in: timedelta | None, wanted: timedelta | None, expected: timedelta) -> None:
    window = Opening(open=True, reason=None, changes_at=NOW + closes_in if closes_in else None)
    assert validity(window, NOW, wanted=wanted, longest=DAY) == expected


def test_a_campaign_that_is_gone_limits_nothing_more() -> None:
    assert validity(None, NOW, wanted=None, longest=DAY) == DAY
