"""Web addresses that the server itself calls: read strictly, allowed by a list of hosts, and by what a name resolves to.

Whoever writes a strategy, or a contact's values, must not reach what only this machine can reach (server-side request
forgery): its own services, the network behind it, a cloud's metadata.
"""

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from dialer.domain.errors import shown
from dialer.domain.said import Said

MAX_URL = 4_000  # characters, once filled in
_SCHEMES = {"http": 80, "https": 443}
# RFC 3986, 2: no space, quote, backslash, control or non-ASCII character, so that no two readers see different hosts in it.
_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # the last label of a host that resolvers read as an IPv4 address
_LONGEST_NAME = 253
# Not link-local, and yet the machine's own cloud: the platform of Azure, the metadata of Oracle, Alibaba, AWS and Google.
_PLATFORM = frozenset(
    map(
        ipaddress.ip_address,
        ("168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"),
    )
)
# RFC 6890 and RFC 3879; not every version of Python counts them as private.
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "fec0::/10")))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands in its last 32 bits

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL in its parts: `host` is a name in lower case or an IP address without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def ip(self) -> IpAddress | None:
        return _ip(self.host)


def read_web_address(url: str) -> WebAddress:
    """Raises ValueError with what is wrong, to be read after the field's name."""
    if len(url) > MAX_URL:
        raise ValueError(Said("is %(number)s characters long; %(most)s are allowed", number=len(url), most=MAX_URL))
    if not _URL.fullmatch(url):
        raise ValueError(Said("has characters that an address can't have; write them percent-encoded"))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower().removesuffix("."), parts.port
    except ValueError:
        raise ValueError(Said("is not a web address")) from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(Said("should begin with https:// or http://"))
    if "@" in parts.netloc:
        raise ValueError(Said("can't have a user or a password in it"))
    if port == 0 or not _is_host(host):
        raise ValueError(Said("names no host that can be called"))
    if any(unquote(segment) in {".", ".."} for segment in parts.path.split("/")):
        raise ValueError(Said("can't have . or .. for a part of its path"))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebAddress(parts.scheme, host, port or _SCHEMES[parts.scheme], target)


def _is_host(host: str) -> bool:
    """A name of DNS, or an address as everybody writes it: `2130706433` and `0x7f.1` are for hiding one."""
    if _ip(host) is not None:
        return "%" not in host
    labels = host.split(".")
    return len(host) <= _LONGEST_NAME and all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])


def _ip(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """Whether a host is in the list; `*.example.com` stands for every name below example.com, and not for that itself."""
    names = {entry.lower().strip("[]").removesuffix(".") for entry in allowed}
    below = (f"*.{host.split('.', n)[n]}" for n in range(1, host.count(".") + 1))
    return host in names or (_ip(host) is None and any(entry in names for entry in below))


def why_not_allowed(host: str, allowed: Collection[str]) -> str | None:
    """Why a host may not be called, and the remedy; None if it may be."""
    if is_allowed(host, allowed):
        return None
    return Said(
        "%(host)s is not among the hosts that webhooks may call: add it to the setting webhooks.allowed_hosts",
        host=shown(host),
    )


def why_not_reached(address: str, *, allow_private: bool) -> str | None:
    """Why nothing is sent to this IP address; None if it is public, or private and that is allowed.

    What no receiver can have (multicast, unspecified, reserved) and what a cloud hides behind link-local addresses are
    never reached.
    """
    found = _ip(address.partition("%")[0])
    if found is None:
        return Said("%(address)s is not an IP address", address=address)
    inner = _embedded(found)
    if inner is not None:
        return why_not_reached(str(inner), allow_private=allow_private)
    if found.is_link_local or found in _PLATFORM:
        return Said("%(address)s is a link-local or metadata address", address=found)
    if found.is_multicast or found.is_unspecified or (found.is_reserved and not found.is_loopback):
        return Said("%(address)s is no address of a receiver", address=found)
    is_public = found.is_global and not any(found in network for network in _SPECIAL)
    if is_public or allow_private:
        return None
    return Said("%(address)s is a private address: the setting webhooks.allow_private would allow it", address=found)


def _embedded(address: IpAddress) -> IpAddress | None:
    """The IPv4 address that an IPv6 address stands for, whichever way."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    is_compatible = int(address) >> 32 == 0 and int(address) > 1
    if address in _NAT64 or is_compatible:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
