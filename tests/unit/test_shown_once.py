"""A secret goes from the form that made it to the page of the same session, once and soon."""

from datetime import UTC, datetime

import pytest

from admin.shown_once import KEPT, MOST, Secret, ShownOnce

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = Secret("dlr_x", "importer")
pytestmark = pytest.mark.req("A2")


def test_once_to_the_session_that_made_it_on_its_page() -> None:
    kept = ShownOnce()
    kept.keep("mine", "/tokens", SECRET, NOON)
    assert kept.take("theirs", "/tokens", NOON) is None
    assert kept.take("mine", "/webhooks/1", NOON) is None
    assert kept.take("mine", "/tokens", NOON) == SECRET
    assert kept.take("mine", "/tokens", NOON) is None


def test_not_for_long_and_not_without_bound() -> None:
    kept = ShownOnce()
    kept.keep("mine", "/tokens", SECRET, NOON)
    assert kept.take("mine", "/tokens", NOON + KEPT) is None
    for number in range(MOST + 1):
        kept.keep(str(number), "/tokens", SECRET, NOON)
    assert kept.take("0", "/tokens", NOON) is None
    assert kept.take("1", "/tokens", NOON) == SECRET
    kept.keep("late", "/tokens", SECRET, NOON + KEPT)
    assert kept.take("2", "/tokens", NOON) is None, "what is over is not kept until somebody asks"


def test_what_is_kept_stands_in_no_log() -> None:
    kept = ShownOnce()
    kept.keep("mine", "/tokens", SECRET, NOON)
    assert SECRET.text not in f"{kept} {SECRET}"
