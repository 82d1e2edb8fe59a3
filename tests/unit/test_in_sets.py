"""One statement for many rows: which can be, and where the values go."""

import pytest

from dialer.store.in_sets import MOST, filled, in_twos, many_at_once


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (1, [1]), (50, [32, 16, 2]), (64, [64]), (200, [64, 64, 64, 8])]
)
def test_a_batch_goes_in_powers_of_two(number: int, sizes: list[int]) -> None:
    assert list(in_twos(number)) == sizes
    assert max(sizes, default=0) <= MOST


@pytest.mark.parametrize(("members", "found"), [([], []), ([1], [1]), ([1, 2, 3], [1, 2, 3, 3]), ([1, 2], [1, 2])])
def test_a_list_is_filled_up_with_its_last_member(members: list[int], found: list[int]) -> None:
    assert filled(members) == found


def test_a_long_list_stays_as_it_is() -> None:
    assert filled(range(20_000)) == [*range(20_000)]


def test_an_insert_has_more_rows() -> None:
    one = many_at_once("INSERT INTO t (a, b) VALUES (?, coalesce(?, 1)) ON CONFLICT (a) DO NOTHING", [True, True])
    assert one is not None
    assert (
        one.text(2) == "INSERT INTO t (a, b) VALUES (?, coalesce(?, 1)), (?, coalesce(?, 1)) ON CONFLICT (a) DO NOTHING"
    )


def test_an_update_is_joined_with_its_rows_and_keeps_its_own_values_in_their_places() -> None:
    statement = "UPDATE t SET a=?, b=?, c=(t.c + ?) WHERE t.id = ? AND (t.a = ? OR t.a = ?)"
    one = many_at_once(statement, [False, True, False, True, False, False])
    assert one is not None
    assert one.text(2) == (
        "UPDATE t SET a=?, b=one.column1, c=(t.c + ?) FROM (VALUES (?, ?), (?, ?)) AS one"
        " WHERE t.id = one.column2 AND (t.a = ? OR t.a = ?)"
    )
    assert one.fixed([(0, "a"), (2, 1), (4, "x"), (5, "y")]) == (["a", 1], ["x", "y"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a=?",
        "UPDATE t SET a=? WHERE t.id = ? RETURNING id",
        "UPDATE t SET a=(SELECT max(b) FROM u WHERE u.id = ?) WHERE t.id = 1",
        "DELETE FROM t WHERE t.id = ?",
        "INSERT INTO t (a) SELECT b FROM u WHERE u.id = ?",
        "INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET b = ?",
        "SELECT '?' WHERE a = ?",
    ],
)
def test_what_can_not_be_is_left_alone(statement: str) -> None:
    assert many_at_once(statement, [True] * statement.count("?")) is None
