"""Settings from variables of the environment: lists as people write them, and what is wrong told by its key."""

import pytest

from config.load import SettingsError, load

pytestmark = pytest.mark.req("A4")


@pytest.mark.parametrize("written", ["a.example, *.b.example", "a.example,*.b.example", '["a.example", "*.b.example"]'])
def test_a_list_is_written_with_commas_or_as_json(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_WEBHOOKS__ALLOWED_HOSTS", written)
    assert load().webhooks.allowed_hosts == {"a.example", "*.b.example"}


@pytest.mark.parametrize(
    ("variable", "written", "told"),
    [
        ("DIALER_WEBHOOKS__ALLOWED_HOSTS", '["a.example"', "should be a list, such as a, b"),
        ("DIALER_WEBHOOKS__ALLOWED_HOSTS", "5", "should be a list, such as a, b"),
        ("DIALER_HTTP__TRUSTED_PROXIES", "10.0.0.300", "is no address"),
        ("DIALER_CALLS__WRAP_UP_S", "sales=5", "valid dictionary"),
        ("DIALER_HTTP", "8080", "valid dictionary"),
        ("DIALER_HTTP", "x", "valid dictionary"),
    ],
)
def test_what_is_neither_is_told_by_its_key(
    variable: str, written: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, written)
    with pytest.raises(SettingsError, match=told) as caught:
        load()
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [variable]
