"""Event webhooks: who wants what, and when a delivery that failed is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.domain.hooks import (
    GIVEN_UP_AFTER,
    LONGEST_PAUSE_S,
    SPREAD,
    Endpoint,
    EventKind,
    asked_to_wait_s,
    by_kind,
    in_lanes,
    next_try,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OUTCOMES, STATUS = EventKind.ATTEMPT_OUTCOME, EventKind.CAMPAIGN_STATUS
pytestmark = pytest.mark.req("A5")


def test_each_kind_has_those_that_want_it_and_a_campaign_may_be_chosen() -> None:
    all_of_it = Endpoint(1, 1, frozenset({OUTCOMES, STATUS}), None)
    of_seven = Endpoint(2, 1, frozenset({OUTCOMES}), 7)
    assert by_kind([all_of_it, of_seven]) == {OUTCOMES: (all_of_it, of_seven), STATUS: (all_of_it,)}
    assert by_kind([]) == {}
    assert [of_seven.wants(one) for one in (7, 8, None)] == [True, False, False]
    assert [all_of_it.wants(one) for one in (7, 8, None)] == [True, True, True]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_it_is_tried_again_ever_later_for_a_day_and_then_given_up(chance: float) -> None:
    now, tries, pauses = NOON, 0, list[float]()
    while True:
        tries += 1
        again = next_try(tries, NOON, now, chance)
        if again is None:
            break
        pauses.append((again - now).total_seconds())
        now = again
    assert 14 <= tries <= 19
    assert timedelta(hours=18) < now - NOON <= GIVEN_UP_AFTER
    assert pauses == sorted(pauses)
    spread = 1 + SPREAD * (2 * chance - 1)
    assert pauses[:3] == pytest.approx([10 * spread, 20 * spread, 40 * spread])
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S * spread)


def test_one_that_waited_for_days_is_given_up_by_its_first_failure() -> None:
    assert next_try(1, NOON, NOON + timedelta(days=2), 0.5) is None


def test_one_that_asks_to_wait_is_not_tried_before() -> None:
    assert next_try(1, NOON, NOON, 0.5, wait_s=600) == NOON + timedelta(seconds=600)
    assert next_try(9, NOON, NOON, 0.5, wait_s=600) == next_try(9, NOON, NOON, 0.5), "its own pause is longer"


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, " 7 ", 7),
        (503, "Mon, 04 May 2026 12:01:30 GMT", 90),
        (503, "Mon, 04 May 2026 12:01:30 -0000", 90),
        (503, "Mon, 04 May 2026 11:00:00 GMT", 0),
        (503, "Tue, 05 May 2026 12:00:00 GMT", 3600),
        (429, "9" * 5000, 3600),
        (503, None, 0),
        (503, "soon", 0),
        (503, "-5", 0),
        (503, "", 0),
        (500, "120", 0),
    ],
)
def test_how_long_a_receiver_asks_to_be_left_alone(status: int, header: str | None, seconds: float) -> None:
    assert asked_to_wait_s(status, header, NOON) == seconds


def test_lanes_part_contacts_and_keep_the_order_of_each() -> None:
    ids = [5, None, 5, 6, None, 7, 6, 9, 5]
    lanes = in_lanes(ids, 4)
    assert sorted(position for lane in lanes for position in lane) == list(range(len(ids)))
    assert len(lanes) <= 4
    assert all(lane == sorted(lane) for lane in lanes)
    of = {position: number for number, lane in enumerate(lanes) for position in lane}
    assert all(of[one] == of[other] for one in range(9) for other in range(9) if ids[one] == ids[other])
    assert in_lanes(ids, 1) == [list(range(len(ids)))]
    assert in_lanes([], 4) == []
