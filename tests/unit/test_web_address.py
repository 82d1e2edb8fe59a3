"""Which web addresses the server may call: how they are read, which hosts are allowed, and which IP addresses are reached."""

import pytest

from dialer.domain.web_address import is_allowed, read_web_address, why_not_allowed, why_not_reached

READ = [
    ("https://Hooks.Example./a%20b?c=d&e#f", ("https", "hooks.example", 443, "/a%20b?c=d&e")),
    ("http://hooks.example:8080", ("http", "hooks.example", 8080, "/")),
    ("https://[2001:DB8::1]/x", ("https", "2001:db8::1", 443, "/x")),
    ("http://127.0.0.1:1/", ("http", "127.0.0.1", 1, "/")),
    ("http://intranet/", ("http", "intranet", 80, "/")),
]


@pytest.mark.req("S3")
@pytest.mark.parametrize(("url", "parts"), READ, ids=range(len(READ)))
def test_an_address_is_read_in_its_parts(url: str, parts: tuple[str, str, int, str]) -> None:
    found = read_web_address(url)
    assert (found.scheme, found.host, found.port, found.target) == parts


REFUSED = [
    "ftp://x.example/", "file:///etc/passwd", "gopher://x.example/", "//x.example/", "javascript:alert(1)", "https:///x", "https://",
    "https://user@x.example/", "https://user:pw@x.example/", "https://x.example@evil.example/", "https://x.example:0/",
    "https://x.example:99999/", "https://x.example:a/", "https://x example/", "https://x.example/\r\nX: y", "https://x.example/\x00",
    "https://x.example\\@evil.example/", "https://ex%61mple.org/", "https://münchen.example/", "https://[::1/", "https://[fe80::1%25eth0]/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/", "https://1.2.3.4.5/",
    "https://a..b/", "https://.../", "https://-a.example/", f"https://{'a' * 64}.example/", f"https://x.example/{'a' * 4000}",
    "https://x.example/a/../b", "https://x.example/%2e%2E/b", "https://x.example/.",
]  # fmt: skip


@pytest.mark.req("S3")
@pytest.mark.parametrize("url", REFUSED, ids=range(len(REFUSED)))
def test_what_readers_may_read_differently_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_web_address(url)


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("hooks.example", True), ("HOOKS.example".lower(), True), ("a.crm.example", True), ("a.b.crm.example", True),
        ("crm.example", False), ("evilcrm.example", False), ("hooks.example.evil.example", False), ("x.hooks.example", False),
        ("10.0.0.1", True), ("10.0.0.2", False), ("::1", True), ("1.9.9.9", False),
    ],
)  # fmt: skip
def test_hosts_are_allowed_by_name_or_below_a_name(host: str, allowed: bool) -> None:
    listed = {"Hooks.Example.", "*.crm.example", "10.0.0.1", "[::1]", "*.9.9.9"}
    assert is_allowed(host, listed) is allowed
    assert (why_not_allowed(host, listed) is None) is allowed


def test_without_a_list_nothing_is_allowed() -> None:
    assert "webhooks.allowed_hosts" in (why_not_allowed("hooks.example", ()) or "")


PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
PRIVATE = [
    "127.0.0.1", "127.8.9.1", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200",
    "198.18.0.1",
    "192.0.0.8", "fec0::1", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "::7f00:1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fe80::1", "fe80::1%eth0",
    "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254",
    "224.0.0.1", "239.1.1.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255", "240.0.0.1",
    "64:ff9b:1::1", "no address",
]  # fmt: skip


@pytest.mark.req("S3")
@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *NEVER])
def test_only_public_addresses_are_reached(address: str) -> None:
    assert (why_not_reached(address, allow_private=False) is None) is (address in PUBLIC)
    assert (why_not_reached(address, allow_private=True) is None) is (address not in NEVER)
