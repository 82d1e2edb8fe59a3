"""How chunks follow on each other, and how large they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.chunk import GOAL_S, MOST, Chunk, fitting


@pytest.mark.req("C7", "C8")
def test_a_full_chunk_is_followed_by_the_rows_after_it() -> None:
    assert Chunk(100, 7).then(100, 250, GOAL_S) == Chunk(100, 250)


def test_at_the_end_it_looks_once_more_from_the_start() -> None:
    assert Chunk(100, 7).then(99, 250, GOAL_S) == Chunk(100, 0)
    assert Chunk(100, 0).then(0, 0, GOAL_S) is None
    assert Chunk(100, 0).then(99, 250, GOAL_S) is None


@pytest.mark.parametrize(
    ("took_s", "size"), [(0.0, 200), (GOAL_S / 4, 200), (GOAL_S / 2, 200), (GOAL_S, 100), (2 * GOAL_S, 50), (1.0, 50)]
)
def test_the_size_follows_the_time_it_took(took_s: float, size: int) -> None:
    assert fitting(100, took_s) == size


def test_it_takes_no_less_than_it_is_worth() -> None:
    assert Chunk(100, 7, least=80).then(100, 250, 1.0) == Chunk(80, 250, least=80)
    assert Chunk(100, 7, least=10).then(100, 250, 1.0) == Chunk(50, 250, least=10)


@given(size=st.integers(1, MOST), took_s=st.floats(-1.0, 60.0))
def test_it_stays_within_its_bounds(size: int, took_s: float) -> None:
    """A clock that was set back included."""
    assert 1 <= fitting(size, took_s) <= MOST
    assert size / 2 - 1 <= fitting(size, took_s) <= size * 2


@given(us_per_row=st.floats(0.5, 500.0), size=st.integers(10, MOST))
def test_it_comes_to_the_goal_at_a_steady_pace(us_per_row: float, size: int) -> None:
    for _ in range(20):
        size = fitting(size, size * us_per_row / 1e6)
    took_s = size * us_per_row / 1e6
    assert took_s <= 1.01 * GOAL_S
    assert took_s >= GOAL_S / 4 or size == MOST


def test_a_chunk_never_grows_over_what_is_said():
    assert Chunk(100, 7, most=150).then(100, 250, 0.0) == Chunk(150, 250, most=150)
