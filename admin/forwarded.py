"""Where a request came from: behind proxies that the settings trust, what they say; else who is connected. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST_HOPS = 20


def client_address(remote: str, forwarded: Sequence[str], trusted: tuple[str, ...]) -> str:
    """`forwarded`: the X-Forwarded-For headers, each a list with commas, the nearest hop last.

    A hop is believed only as long as all behind it are trusted: what a client wrote itself is before them.
    """
    hops = [hop.strip() for header in forwarded for hop in header.split(",")][-MOST_HOPS:]
    found = remote
    while hops and _is_trusted(found, trusted):
        said = _address(hops.pop())
        if said is None:
            break
        found = str(said)
    return found


def neighbourhood(address: str) -> str:
    """What one person may have all of: an IPv4 address, or a /64 of IPv6."""
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    found = _address(address)
    return found is not None and any(found in network for network in _networks(trusted))


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(one, strict=False) for one in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also with a port, as some proxies write it; an IPv4 address that is mapped into IPv6 is one."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
