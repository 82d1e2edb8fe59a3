"""How long to wait before connecting again, and what a log may show of the settings."""

import pytest

from dialer.ami.states import LinkSettings, retry_delay

SETTINGS = LinkSettings(host="127.0.0.1", port=5038, username="dialer", secret="hunter2")


@pytest.mark.req("D5")
def test_an_outage_of_two_minutes_is_noticed_to_be_over_within_a_second() -> None:
    delays = [retry_delay(SETTINGS, failures, 60.0, lambda: 1.0) for failures in range(100)]
    assert delays[0] == pytest.approx(0.2)
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(0.5)


def test_a_long_outage_is_asked_about_less_often() -> None:
    assert retry_delay(SETTINGS, 1000, 121.0, lambda: 1.0) == pytest.approx(5.0)


def test_nodes_do_not_return_in_step() -> None:
    assert retry_delay(SETTINGS, 5, 1.0, lambda: 0.0) == pytest.approx(0.375)


def test_the_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(SETTINGS)
