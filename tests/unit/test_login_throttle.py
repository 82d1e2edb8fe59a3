"""Who asks, behind proxies; and how guessing passwords is slowed down by name and by address."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from admin.forwarded import client_address
from admin.throttle import ADDRESS_FAILURES, FAILURES, LONGEST_WAIT, NAME_FAILURES, PERIOD, LoginThrottle
from config.http import Http

NOW = datetime(2026, 5, 4, tzinfo=UTC)
PROXIES = ("10.0.0.0/8", "2001:db8::1")


@pytest.mark.req("A2")
@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", ["198.51.100.9"], PROXIES, "192.0.2.1"),  # written by the client
        ("10.0.0.1", ["198.51.100.9"], (), "10.0.0.1"),
        ("10.0.0.1", [], PROXIES, "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9"], PROXIES, "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9"], PROXIES, "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.5, 198.51.100.9", "10.2.3.4"], PROXIES, "198.51.100.9"),
        ("2001:db8::1", ["198.51.100.9:4711"], PROXIES, "198.51.100.9"),
        ("10.0.0.1", ["[2001:db8::7]:443"], PROXIES, "2001:db8::7"),
        ("::ffff:10.0.0.1", ["198.51.100.9"], PROXIES, "198.51.100.9"),
        ("10.0.0.1", ["unknown"], PROXIES, "10.0.0.1"),
        ("10.0.0.1", ["'; drop table, <script>, 10.9.9.9"], PROXIES, "10.9.9.9"),
        ("10.0.0.1", ["10.0.0.2"], PROXIES, "10.0.0.2"),
    ],
)
def test_only_trusted_proxies_say_who_asks(
    remote: str, forwarded: list[str], trusted: tuple[str, ...], expected: str
) -> None:
    assert client_address(remote, forwarded, trusted) == expected


def test_a_proxy_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="no address and no network"):
        Http(trusted_proxies=("proxy.example",))


@pytest.mark.req("A2")
def test_an_address_that_tries_many_names_waits() -> None:
    throttle = LoginThrottle()
    for n in range(ADDRESS_FAILURES):
        assert throttle.wait_s(f"name {n}", "192.0.2.1", NOW) == 0
        throttle.failed(f"name {n}", "192.0.2.1", NOW)
    assert throttle.wait_s("ann", "192.0.2.1", NOW) == PERIOD.total_seconds()
    assert throttle.wait_s("ann", "192.0.2.2", NOW) == 0
    assert throttle.wait_s("ann", "192.0.2.1", NOW + PERIOD) == 0


@pytest.mark.req("A2")
def test_a_network_of_ipv6_is_one_address() -> None:
    throttle = LoginThrottle()
    for n in range(FAILURES):
        throttle.failed("ann", f"2001:db8::{n}", NOW)
    assert throttle.wait_s("ann", "2001:db8::ffff", NOW) > 0
    assert throttle.wait_s("ann", "2001:db8:0:1::1", NOW) == 0


@pytest.mark.req("A2")
def test_a_name_that_is_tried_from_everywhere_is_slowed_and_never_locked() -> None:
    throttle, now, waits = LoginThrottle(), NOW, []
    throttle.failed("ann", "203.0.113.1", now)
    throttle.succeeded("ann", "203.0.113.1")
    for n in range(NAME_FAILURES + 8):
        waits.append(throttle.wait_s("ann", f"192.0.2.{n}", now))
        now += timedelta(seconds=waits[-1])
        assert throttle.wait_s("ann", f"192.0.2.{n}", now) == 0
        throttle.failed("ann", f"192.0.2.{n}", now)
    assert waits == [*[0] * NAME_FAILURES, 1, 2, 4, 8, 16, 30, 30, 30]
    assert max(waits) == LONGEST_WAIT.total_seconds()
    assert throttle.wait_s("ann", "203.0.113.1", now) == 0, "where she came in from before"
    assert throttle.wait_s("ben", "192.0.2.99", now) == 0


@pytest.mark.req("A2")
def test_a_login_that_succeeds_takes_back_its_own_count_only() -> None:
    throttle = LoginThrottle()
    for n in range(ADDRESS_FAILURES - 1):
        throttle.failed(f"name {n}", "192.0.2.1", NOW)
    throttle.failed("mallory", "192.0.2.1", NOW)
    throttle.succeeded("mallory", "192.0.2.1")
    assert throttle.wait_s("ann", "192.0.2.1", NOW) == 0
    throttle.failed("ann", "192.0.2.1", NOW)
    assert throttle.wait_s("ann", "192.0.2.1", NOW) > 0
